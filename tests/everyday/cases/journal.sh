#!/bin/bash
# Reads the journal of a unit.
set -e
lines=$(journalctl -q --no-pager -u lab-daemon)
grep -q 'daemon is ready' <<<"$lines" || wrong "the journal is empty"
