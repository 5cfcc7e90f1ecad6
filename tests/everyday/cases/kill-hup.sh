#!/bin/bash
# Reloads a server: `kill -HUP $(cat FILE.pid)`.
set -e
before=$(wc -l </run/lab-daemon.reloads)
kill -HUP "$(cat /run/lab-daemon.pid)"
for _ in {1..50}; do
    [ "$(wc -l </run/lab-daemon.reloads)" -eq "$before" ] || exit 0
    sleep 0.1
done
wrong "it was not told"
