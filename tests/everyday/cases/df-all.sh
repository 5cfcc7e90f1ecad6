#!/bin/bash
# Lists all file systems: `df`.
set -e
list=$(df)
grep -q ' /var/tmp$' <<<"$list" || wrong "/var/tmp is not in it"
