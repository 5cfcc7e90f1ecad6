#!/bin/bash
# Drops the kernel’s caches.
# own-kernel: changes the kernel
set -e
echo 1 >/proc/sys/vm/drop_caches
