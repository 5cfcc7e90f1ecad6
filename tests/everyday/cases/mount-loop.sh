#!/bin/bash
# Mounts an image: `mount -o loop`.
# own-kernel: takes a loop device
set -e
mkdir "/mnt/$BULKHEAD_JOB_ID"
truncate -s 16M "/var/tmp/image-$BULKHEAD_JOB_ID"
mkfs.ext4 -q "/var/tmp/image-$BULKHEAD_JOB_ID"
mount -o loop "/var/tmp/image-$BULKHEAD_JOB_ID" "/mnt/$BULKHEAD_JOB_ID"
grep -q " /mnt/$BULKHEAD_JOB_ID " /proc/1/mountinfo || wrong "the host does not see it"
umount "/mnt/$BULKHEAD_JOB_ID"
rm "/var/tmp/image-$BULKHEAD_JOB_ID"
