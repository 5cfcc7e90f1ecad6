#!/bin/bash
# Tries what happens on a full disk with /dev/full.
set -e
said=$(LC_ALL=C dd if=/dev/zero of=/dev/full count=1 2>&1) && exit 1
grep -q 'No space left' <<<"$said"
