#!/bin/bash
# Lists disks: lsblk.
set -e
said=$(lsblk -ndo NAME)
[ -n "$said" ] || wrong "it shows none"
