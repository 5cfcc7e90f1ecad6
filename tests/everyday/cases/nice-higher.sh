#!/bin/bash
# Runs a command at a higher priority: `nice -n -5`.
set -e
[ "$(nice -n -5 nice 2>/dev/null)" -lt "$(nice)" ] || wrong "it ran, at the same priority"
