#!/bin/bash
# Asks hostnamectl.
set -e
said=$(hostnamectl)
grep -q hostname <<<"$said"
