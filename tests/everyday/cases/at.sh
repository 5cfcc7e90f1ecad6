#!/bin/bash
# Gives a command to at.
# needs: at
set -e
said=$(echo true | at now + 1 hour 2>&1)
! grep -q "Can't signal" <<<"$said" || wrong "atd is not told"
atrm "$(sed -n 's/^job \([0-9]*\) at.*/\1/p' <<<"$said")"
