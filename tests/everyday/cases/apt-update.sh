#!/bin/bash
# Updates the package lists.
set -e
apt-get -q update
