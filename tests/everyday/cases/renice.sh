#!/bin/bash
# Changes the niceness of a server.
renice -n 0 -p "$(cat /run/lab-daemon.pid)" >/dev/null
