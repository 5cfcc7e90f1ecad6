#!/bin/bash
# Runs a command as another user: runuser.
set -e
[ "$(runuser -u deploy -- id -un)" = deploy ]
