#!/bin/bash
# Deletes old reports of crashes.
set -e
[ -e "/var/crash/old-$BULKHEAD_JOB_ID" ] || wrong "it is not seen"
rm "/var/crash/old-$BULKHEAD_JOB_ID"
