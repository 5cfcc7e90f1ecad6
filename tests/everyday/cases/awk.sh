#!/bin/bash
# Uses tools that are chosen by update-alternatives: awk, which.
set -e
[ "$(echo a b | awk '{ print $2 }')" = b ]
which bash >/dev/null
