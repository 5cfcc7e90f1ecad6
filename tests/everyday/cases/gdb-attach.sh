#!/bin/bash
# Attaches gdb to a server for a backtrace.
# needs: gdb
gdb -q -nx -batch -p "$(cat /run/lab-daemon.pid)" -ex detach 2>&1 | grep -qi 'detached\|detaching from program'
