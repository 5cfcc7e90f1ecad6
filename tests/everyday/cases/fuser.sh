#!/bin/bash
# Asks fuser who listens on a port.
# needs: fuser
fuser 8099/tcp >/dev/null 2>&1 || wrong "fuser says nobody"
