#!/bin/bash
# Asks how full the root file system is: `df /`.
set -e
size=$(df --output=size / | tail -n 1)
[ "$size" = "$(df --output=size /usr | tail -n 1)" ] || wrong "another figure"
