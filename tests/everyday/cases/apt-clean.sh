#!/bin/bash
# Empties the package cache: `apt-get clean`.
set -e
apt-get clean
