#!/bin/bash
# Lists all file systems: `df`.
set -e
list=$(df)
grep -q ' /mnt/lab-volume$' <<<"$list" || wrong "a volume is not in it"
