#!/bin/bash
# Deletes cached packages.
set -e
[ -e "/var/cache/apt/archives/lab_$BULKHEAD_JOB_ID.deb" ] || wrong "it is not seen"
rm "/var/cache/apt/archives/lab_$BULKHEAD_JOB_ID.deb"
