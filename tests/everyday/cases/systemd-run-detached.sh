#!/bin/bash
# Leaves a program running as a unit: systemd-run.
# afterwards: systemctl is-active "lab-$id"
systemd-run -q --collect --unit="lab-$BULKHEAD_JOB_ID" sleep 20
