#!/bin/bash
# Gives a file to another user.
set -e
file=$(mktemp /var/tmp/lab.XXXXXX)
chown deploy "$file"
rm -f "$file"
