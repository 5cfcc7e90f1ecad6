#!/bin/bash
# Takes a lock in /run/lock.
set -e
exec 9>"/run/lock/lab-$BULKHEAD_JOB_ID"
flock -n 9
rm "/run/lock/lab-$BULKHEAD_JOB_ID"
