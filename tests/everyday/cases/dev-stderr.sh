#!/bin/bash
# Writes to /dev/stderr.
set -e
echo problem >/dev/stderr
