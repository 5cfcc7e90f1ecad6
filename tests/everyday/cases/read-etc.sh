#!/bin/bash
# Reads configuration that everybody may read.
set -e
cat /etc/hostname /etc/resolv.conf /etc/lab/settings >/dev/null
