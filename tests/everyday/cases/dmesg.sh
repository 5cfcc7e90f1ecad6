#!/bin/bash
# Reads the kernel’s messages.
set -o pipefail
dmesg | tail -n 3 >/dev/null
