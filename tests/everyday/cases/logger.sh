#!/bin/bash
# Writes to the system log: logger.
# afterwards: journalctl -q -t "$id" | grep hello
logger -t "$BULKHEAD_JOB_ID" hello
