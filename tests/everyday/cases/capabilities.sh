#!/bin/bash
# Gives a program a capability: setcap.
# needs: setcap
set -e
file=$(mktemp /var/tmp/lab.XXXXXX)
setcap cap_net_raw+ep "$file"
getcap "$file" | grep -q cap_net_raw
rm "$file"
