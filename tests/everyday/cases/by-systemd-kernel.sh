#!/bin/bash
# Has systemd do what its own calls may not: modules, clock, swap, limits.
# own-kernel: changes the kernel
set -e
systemd-run -q --wait --pipe modprobe dummy
[ -d /sys/module/dummy ]
systemd-run -q --wait --pipe modprobe -r dummy
systemd-run -q --wait --pipe date -s "@$(date +%s)" >/dev/null
systemd-run -q --wait --pipe -p OOMScoreAdjust=-500 -p LimitNOFILE=200000 true
fallocate -l 4M "/var/lib/lab/swap-$BULKHEAD_JOB_ID"
chmod 600 "/var/lib/lab/swap-$BULKHEAD_JOB_ID"
mkswap -q "/var/lib/lab/swap-$BULKHEAD_JOB_ID" 2>/dev/null
systemd-run -q --wait --pipe swapon "/var/lib/lab/swap-$BULKHEAD_JOB_ID"
systemd-run -q --wait --pipe swapoff "/var/lib/lab/swap-$BULKHEAD_JOB_ID"
rm "/var/lib/lab/swap-$BULKHEAD_JOB_ID"
