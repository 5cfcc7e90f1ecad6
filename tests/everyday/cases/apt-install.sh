#!/bin/bash
# Installs a package from a repository and removes it again.
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -qy install lab-package
lab-program
apt-get -qy purge lab-package
