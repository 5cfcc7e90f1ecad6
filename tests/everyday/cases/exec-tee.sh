#!/bin/bash
# Writes a copy of all its output: `exec > >(tee FILE)`.
set -e
file=$(mktemp)
exec > >(tee "$file") 2>&1
echo hello
for _ in {1..50}; do
    ! grep -q hello "$file" || exit 0
    sleep 0.1
done
exit 1
