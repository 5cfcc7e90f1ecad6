#!/bin/bash
# Shrinks the journal.
set -e
journalctl -q --vacuum-size=500M
