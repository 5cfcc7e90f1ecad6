#!/bin/bash
# Lists names of the system bus.
set -e
said=$(busctl --no-pager list)
grep -q org.freedesktop.systemd1 <<<"$said"
