#!/bin/bash
# Deletes old logs.
set -e
list=$(find /var/log/lab -name "old-$BULKHEAD_JOB_ID.gz" -mtime +30 -print -delete)
[ -n "$list" ] || wrong "it finds nothing"
