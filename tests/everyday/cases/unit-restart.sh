#!/bin/bash
# Restarts a unit.
set -e
systemctl restart lab-other
systemctl is-active lab-other >/dev/null
