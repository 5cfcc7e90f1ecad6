#!/bin/bash
# Reads an option of the kernel.
sysctl -n kernel.pid_max >/dev/null
