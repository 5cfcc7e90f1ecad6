#!/bin/bash
# Runs a command in a chroot, as another user: `chroot --userspec`.
set -e
[ "$(chroot --userspec=deploy / id -un)" = deploy ]
