#!/bin/bash
# Lists listening ports and their processes with `ss -p`.
set -e
table=$(ss -Htlnp)
grep -q ':8099 .*lab-http' <<<"$table" || wrong "the port has no process"
