#!/bin/bash
# Throws output away, and has an empty standard input.
set -e
echo text >/dev/null
[ "$(wc -c </dev/stdin)" = 0 ]
! read -r
