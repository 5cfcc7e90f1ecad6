#!/bin/bash
# Runs a command in namespaces of its own: `unshare -mn`.
unshare -mn true
