#!/bin/bash
# Becomes root of a user namespace: `unshare -Ur`.
set -e
[ "$(unshare -Ur id -u)" = 0 ]
