#!/bin/bash
# Sets an option of git for its user.
# needs: git
set -e
git config --global lab.option yes
[ "$(git config --global lab.option)" = yes ]
[ ! -e /.gitconfig ] || wrong "it is in /"
git config --global --unset lab.option
