#!/bin/bash
# Writes to /boot.
set -e
touch "/boot/lab-$BULKHEAD_JOB_ID"
rm "/boot/lab-$BULKHEAD_JOB_ID"
