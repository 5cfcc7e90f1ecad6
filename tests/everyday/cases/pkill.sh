#!/bin/bash
# Signals a server by name: `pkill -HUP`.
pkill -HUP -x lab-daemon
