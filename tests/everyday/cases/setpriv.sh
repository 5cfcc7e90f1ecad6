#!/bin/bash
# Runs a command as another user: setpriv.
set -e
[ "$(setpriv --reuid=deploy --regid=deploy --init-groups id -un)" = deploy ]
