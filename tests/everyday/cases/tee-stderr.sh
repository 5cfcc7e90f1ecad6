#!/bin/bash
# Shows progress with `tee /dev/stderr`.
set -eo pipefail
echo text | tee /dev/stderr | grep -q text
