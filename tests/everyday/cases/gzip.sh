#!/bin/bash
# Compresses a file of another user in /var/tmp.
set -e
[ -e "/var/tmp/old-$BULKHEAD_JOB_ID" ] || wrong "it is not seen"
gzip "/var/tmp/old-$BULKHEAD_JOB_ID"
rm "/var/tmp/old-$BULKHEAD_JOB_ID.gz"
