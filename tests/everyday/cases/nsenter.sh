#!/bin/bash
# Enters the namespaces of a server: nsenter.
nsenter -t "$(cat /run/lab-daemon.pid)" -m -n true
