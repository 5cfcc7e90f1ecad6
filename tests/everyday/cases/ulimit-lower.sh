#!/bin/bash
# Lowers its limit of open files.
set -e
ulimit -n 100
[ "$(ulimit -n)" = 100 ]
