#!/bin/bash
# Switches swap on and off.
# own-kernel: changes the kernel
set -e
fallocate -l 4M "/var/lib/lab/swap-$BULKHEAD_JOB_ID"
chmod 600 "/var/lib/lab/swap-$BULKHEAD_JOB_ID"
mkswap -q "/var/lib/lab/swap-$BULKHEAD_JOB_ID" 2>/dev/null
swapon "/var/lib/lab/swap-$BULKHEAD_JOB_ID"
swapoff "/var/lib/lab/swap-$BULKHEAD_JOB_ID"
rm "/var/lib/lab/swap-$BULKHEAD_JOB_ID"
