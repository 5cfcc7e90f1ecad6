#!/bin/bash
# Asks what is mounted: findmnt.
set -e
list=$(findmnt -rno TARGET)
grep -qx /var/tmp <<<"$list" && grep -qx / <<<"$list" || wrong "the host's mounts are not in it"
