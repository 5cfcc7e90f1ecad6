#!/bin/bash
# Does without a terminal.
set -e
if { read -r </dev/tty; } 2>/dev/null; then exit 1; fi
[ ! -t 0 ]
