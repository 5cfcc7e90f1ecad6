#!/bin/bash
# Asks lsof who listens on a port.
# needs: lsof
lsof -nP -iTCP:8099 -sTCP:LISTEN | grep -q lab-http || wrong "lsof says nobody"
