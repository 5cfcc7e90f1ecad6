#!/bin/bash
# Lists packages: dpkg and apt.
set -eo pipefail
dpkg -l bash | grep -q '^ii'
apt list --installed 2>/dev/null | grep -q '^bash/'
