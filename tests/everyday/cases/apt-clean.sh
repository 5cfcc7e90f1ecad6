#!/bin/bash
# Empties the package cache: `apt-get clean`.
# alone: takes what the others would find
set -e
[ -e "/var/cache/apt/archives/lab_$BULKHEAD_JOB_ID.deb" ] || wrong "it is not seen"
apt-get clean
[ ! -e "/var/cache/apt/archives/lab_$BULKHEAD_JOB_ID.deb" ] || wrong "it is still there"
