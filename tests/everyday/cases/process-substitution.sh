#!/bin/bash
# Compares two outputs: `diff <(...) <(...)`.
set -e
diff <(echo a) <(echo a)
n=0
while read -r; do n=$((n + 1)); done < <(printf 'a\nb\n')
[ $n = 2 ]
