#!/bin/bash
# Asks with `kill -0` whether a server runs.
set -e
pid=$(cat /run/lab-daemon.pid)
kill -0 "$pid"
