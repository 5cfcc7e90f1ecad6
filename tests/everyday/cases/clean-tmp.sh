#!/bin/bash
# Deletes what others left in /tmp: `find -mtime +7 -delete`.
set -e
list=$(find /tmp -xdev -name "old-$BULKHEAD_JOB_ID" -mtime +7 -print -delete)
[ -n "$list" ] || wrong "it finds nothing"
