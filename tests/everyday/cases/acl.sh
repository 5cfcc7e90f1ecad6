#!/bin/bash
# Gives a user rights on a file: setfacl.
# needs: setfacl
set -e
file=$(mktemp /var/tmp/lab.XXXXXX)
setfacl -m u:deploy:r "$file"
getfacl -p "$file" | grep -q user:deploy:r
rm "$file"
