#!/bin/bash
# Makes a file in /dev/shm.
set -e
file=$(mktemp /dev/shm/lab.XXXXXX)
rm "$file"
