#!/bin/bash
# Signals a server by name: `killall -HUP`.
# needs: killall
killall -HUP lab-daemon
