#!/bin/bash
# Writes a unit, reloads systemd and enables it.
set -e
unit=lab-$BULKHEAD_JOB_ID.service
printf '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n' >"/etc/systemd/system/$unit"
systemctl daemon-reload
systemctl -q enable "$unit"
systemctl start "$unit"
systemctl -q disable "$unit"
rm "/etc/systemd/system/$unit"
