#!/bin/bash
# Reads /dev/random.
set -e
[ "$(head -c 4 /dev/random | wc -c)" = 4 ]
