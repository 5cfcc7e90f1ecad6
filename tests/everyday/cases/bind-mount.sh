#!/bin/bash
# Makes a directory read-only by a bind mount.
set -e
mkdir "/mnt/$BULKHEAD_JOB_ID"
mount --bind /srv "/mnt/$BULKHEAD_JOB_ID"
mount -o remount,bind,ro "/mnt/$BULKHEAD_JOB_ID"
if touch "/mnt/$BULKHEAD_JOB_ID/x" 2>/dev/null; then exit 1; fi
umount "/mnt/$BULKHEAD_JOB_ID"
rmdir "/mnt/$BULKHEAD_JOB_ID"
