#!/bin/bash
# Sets an option of the kernel: `sysctl -w vm`.
# own-kernel: changes the kernel
set -e
sysctl -qw vm.swappiness=61
[ "$(cat /proc/sys/vm/swappiness)" = 61 ]
