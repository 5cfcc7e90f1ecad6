#!/bin/bash
# Asks pgrep whether a server runs.
pgrep -x lab-daemon >/dev/null || wrong "pgrep says that it does not run"
