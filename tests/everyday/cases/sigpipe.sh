#!/bin/bash
# Writes into a pipe that nobody reads any longer.
yes | head -n 1 >/dev/null
[ "${PIPESTATUS[0]}" = 141 ] || wrong "SIGPIPE is ignored"
