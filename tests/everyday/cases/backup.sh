#!/bin/bash
# Makes an archive of /etc with owners and restores it.
set -e
mkdir "/var/backups/lab-$BULKHEAD_JOB_ID"
cd "/var/backups/lab-$BULKHEAD_JOB_ID"
tar --xattrs -czf etc.tgz -C / etc home/deploy
tar --same-owner -xzf etc.tgz
[ "$(stat -c %U home/deploy)" = deploy ]
cp -a home copy
[ "$(stat -c %U copy/deploy)" = deploy ]
rm -r "/var/backups/lab-$BULKHEAD_JOB_ID"
