#!/bin/bash
# Changes a setting: `sed -i`.
set -e
sed -i 's/old/new/' "/etc/lab/$BULKHEAD_JOB_ID"
grep -q new "/etc/lab/$BULKHEAD_JOB_ID"
