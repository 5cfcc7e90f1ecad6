#!/bin/bash
# Traces a command with strace.
# needs: strace
strace -o /dev/null true
