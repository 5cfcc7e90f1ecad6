#!/bin/bash
# Runs node.
# needs: node
set -e
[ "$(node -e 'console.log(6*7)')" = 42 ]
