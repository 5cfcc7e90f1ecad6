#!/bin/bash
# Lists listening ports with netstat.
# needs: netstat
set -e
table=$(netstat -tln)
grep -q :8099 <<<"$table" || wrong "the port is not in the table"
