#!/bin/bash
# Empties a log.
set -e
: >"/var/log/lab/$BULKHEAD_JOB_ID.log"
[ ! -s "/var/log/lab/$BULKHEAD_JOB_ID.log" ]
