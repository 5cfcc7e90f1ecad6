#!/bin/bash
# Reads /dev/urandom.
set -e
[ "$(head -c 4 /dev/urandom | wc -c)" = 4 ]
