#!/bin/bash
# Writes to /tmp by name.
set -e
echo x >"/tmp/lab-$BULKHEAD_JOB_ID"
rm "/tmp/lab-$BULKHEAD_JOB_ID"
