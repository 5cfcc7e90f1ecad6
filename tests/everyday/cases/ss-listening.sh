#!/bin/bash
# Lists listening ports with ss.
set -e
table=$(ss -Htln)
grep -q :8099 <<<"$table" || wrong "the port is not in the table"
