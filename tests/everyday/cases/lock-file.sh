#!/bin/bash
# Takes a lock in /var/lock.
set -e
exec 9>"/var/lock/lab-$BULKHEAD_JOB_ID"
flock -n 9
rm "/var/lock/lab-$BULKHEAD_JOB_ID"
