#!/bin/bash
# Writes to /dev/stdout.
set -e
echo text >/dev/stdout
