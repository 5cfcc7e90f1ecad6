#!/bin/bash
# Asks what is mounted: findmnt.
set -e
list=$(findmnt -rno TARGET)
grep -qx /mnt/lab-volume <<<"$list" || wrong "a volume is not in it"
