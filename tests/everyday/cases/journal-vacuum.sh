#!/bin/bash
# Shrinks the journal.
set -e
journalctl -q --rotate
said=$(journalctl --vacuum-size=1 2>&1)
grep -q 'Deleted archived journal' <<<"$said" || wrong "nothing is deleted"
