#!/bin/bash
# Runs a command in a terminal: script(1).
set -e
said=$(script -qec 'echo in-a-terminal' /dev/null)
grep -q in-a-terminal <<<"$said"
