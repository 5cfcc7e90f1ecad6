#!/bin/bash
# Reads the environment of another process.
set -e
tr '\0' '\n' <"/proc/$(cat /run/lab-daemon.pid)/environ" | grep -q ^PATH=
