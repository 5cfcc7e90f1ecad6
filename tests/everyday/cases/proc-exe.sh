#!/bin/bash
# Reads which program a process runs, as needrestart does.
set -e
readlink "/proc/$(cat /run/lab-daemon.pid)/exe" >/dev/null
