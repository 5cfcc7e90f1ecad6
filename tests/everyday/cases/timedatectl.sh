#!/bin/bash
# Asks timedatectl.
set -e
said=$(timedatectl)
grep -q 'Time zone' <<<"$said"
