#!/bin/bash
# Deletes what others left in /var/tmp, a tree of another user.
set -e
[ -d "/var/tmp/tree-$BULKHEAD_JOB_ID" ] || wrong "it is not seen"
rm -r "/var/tmp/tree-$BULKHEAD_JOB_ID"
[ ! -e "/var/tmp/tree-$BULKHEAD_JOB_ID" ]
