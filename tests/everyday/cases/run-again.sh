#!/bin/bash
# Runs itself again: `bash "$0"`.
set -e
[ "${1-}" = again ] || exec bash "$0" again
