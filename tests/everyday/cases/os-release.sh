#!/bin/bash
# Reads what system this is.
set -e
. /etc/os-release
[ -n "$ID" ]
