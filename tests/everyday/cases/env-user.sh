#!/bin/bash
# Uses $HOME, $USER, $LOGNAME and $SHELL under `set -u`.
set -eu
[ "$USER" = "$(id -un)" ] && [ "$LOGNAME" = "$USER" ] || wrong "USER is $USER"
[ "$HOME" != / ] || wrong "HOME is /"
[ -x "$SHELL" ]
