#!/bin/bash
# Makes a device node, as for a chroot.
set -e
mknod "/var/tmp/node-$BULKHEAD_JOB_ID" c 1 3
rm "/var/tmp/node-$BULKHEAD_JOB_ID"
