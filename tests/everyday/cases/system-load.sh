#!/bin/bash
# Asks for load, memory and processors.
set -e
uptime >/dev/null
free -m >/dev/null
vmstat >/dev/null
nproc >/dev/null
uname -a >/dev/null
cat /proc/loadavg /proc/meminfo >/dev/null
