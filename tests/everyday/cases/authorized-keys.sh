#!/bin/bash
# Adds a key to a user’s authorized_keys.
set -e
install -d -m 700 -o deploy -g deploy /home/deploy/.ssh
echo "ssh-ed25519 AAAA $BULKHEAD_JOB_ID" >>/home/deploy/.ssh/authorized_keys
chown deploy:deploy /home/deploy/.ssh/authorized_keys
