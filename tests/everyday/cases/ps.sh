#!/bin/bash
# Finds a server process with ps.
set -e
list=$(ps -e -o comm=)
grep -qx lab-daemon <<<"$list" || wrong "ps shows no server"
