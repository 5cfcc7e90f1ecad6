#!/bin/bash
# Adds an account, locks it, and removes it.
set -e
name=lab-$(echo "$BULKHEAD_JOB_ID" | sha256sum | head -c 8)
useradd -m "$name"
echo "$name:secret-of-the-lab" | chpasswd
passwd -ql "$name"
usermod -aG adm "$name"
userdel -r "$name" 2>/dev/null
