#!/bin/bash
# Mounts a tmpfs, and the host sees it.
set -e
mkdir "/mnt/$BULKHEAD_JOB_ID"
mount -t tmpfs lab "/mnt/$BULKHEAD_JOB_ID"
grep -q " /mnt/$BULKHEAD_JOB_ID " /proc/1/mountinfo || wrong "the host does not see it"
umount "/mnt/$BULKHEAD_JOB_ID"
rmdir "/mnt/$BULKHEAD_JOB_ID"
