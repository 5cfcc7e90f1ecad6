#!/bin/bash
# Sets a network option: `sysctl -w net`.
set -e
sysctl -qw net.ipv4.ip_forward=1
[ "$(sysctl -n net.ipv4.ip_forward)" = 1 ] || wrong "it is not set"
sysctl -qw net.ipv4.ip_forward=0
