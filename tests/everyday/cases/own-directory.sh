#!/bin/bash
# Goes where it lies: `cd "$(dirname "$0")"`.
set -e
cd "$(dirname "$0")"
[ -e "$(basename "$0")" ]
