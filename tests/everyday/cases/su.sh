#!/bin/bash
# Runs a command as another user: `su -`.
set -e
[ "$(su - deploy -c 'echo $HOME')" = /home/deploy ]
