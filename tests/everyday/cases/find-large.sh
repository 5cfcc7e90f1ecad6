#!/bin/bash
# Finds large files: `find / -xdev -size +200M`.
list=$(find / -xdev -type f -size +200M 2>/dev/null)
grep -qx /var/lib/lab/large <<<"$list" || wrong "the file is not found"
