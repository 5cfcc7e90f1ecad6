#!/bin/bash
# Makes a file immutable and mutable again: chattr.
# needs: chattr
set -e
file=$(mktemp /var/tmp/lab.XXXXXX)
chattr +i "$file"
if rm -f "$file" 2>/dev/null; then exit 1; fi
chattr -i "$file"
rm "$file"
