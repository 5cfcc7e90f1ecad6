#!/bin/bash
# Lists packages: dpkg and apt.
set -e
list=$(dpkg -l bash)
grep -q '^ii' <<<"$list"
list=$(apt list --installed 2>/dev/null)
grep -q '^bash/' <<<"$list"
