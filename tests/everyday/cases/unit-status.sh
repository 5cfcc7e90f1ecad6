#!/bin/bash
# Asks for the state of a unit: `systemctl status`.
set -e
said=$(systemctl --no-pager status lab-daemon)
grep -q 'Active: active' <<<"$said"
