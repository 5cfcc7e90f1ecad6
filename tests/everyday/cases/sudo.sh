#!/bin/bash
# Runs a command as another user: sudo.
# needs: sudo
set -e
[ "$(sudo -u deploy id -un)" = deploy ]
