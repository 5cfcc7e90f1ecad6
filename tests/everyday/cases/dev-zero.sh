#!/bin/bash
# Reads /dev/zero.
set -e
[ "$(head -c 100 /dev/zero | wc -c)" = 100 ]
