#!/bin/bash
# Adds and removes a route.
set -e
ip route add 198.51.100.0/24 dev lo
ip route del 198.51.100.0/24 dev lo
