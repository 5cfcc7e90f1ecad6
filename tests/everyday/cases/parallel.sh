#!/bin/bash
# Runs commands side by side and waits for them.
set -e
for n in 1 2 3; do (sleep 0.1; echo $n) & done
wait
[ "$(printf '%s\n' 1 2 3 | xargs -P 3 -I{} sh -c 'echo {}' | wc -l)" = 3 ]
