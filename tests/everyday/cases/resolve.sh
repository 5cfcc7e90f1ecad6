#!/bin/bash
# Resolves a name.
set -e
getent hosts localhost >/dev/null
