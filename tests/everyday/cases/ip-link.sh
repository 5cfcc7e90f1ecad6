#!/bin/bash
# Makes a network interface and removes it.
set -e
ip link add "lab$$" type veth peer name "bal$$"
ip link del "lab$$"
