#!/bin/bash
# Makes a network namespace: `ip netns`.
set -e
ip netns add "lab-$$"
ip netns exec "lab-$$" true
ip netns del "lab-$$"
