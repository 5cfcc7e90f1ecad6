#!/bin/bash
# Runs itself again: `exec "$0"`.
set -e
[ "${1-}" = again ] || exec "$0" again
