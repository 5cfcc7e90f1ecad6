#!/bin/bash
# Uses $TERM under `set -u`, and tput.
set -eu
[ -n "$TERM" ]
tput cols >/dev/null
