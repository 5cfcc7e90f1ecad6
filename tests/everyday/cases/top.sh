#!/bin/bash
# Finds a server process with top.
set -e
list=$(top -bn1 -w 200)
grep -q lab-daemon <<<"$list" || wrong "top shows no server"
