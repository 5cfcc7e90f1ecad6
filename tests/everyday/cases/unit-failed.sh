#!/bin/bash
# Lists failed units.
set -e
said=$(systemctl --no-pager --failed)
grep -q lab-failed <<<"$said" || wrong "the failed unit is not in it"
