#!/bin/bash
# Rotates a log and tells its server.
# needs: logrotate
set -e
echo "a line" >>/var/log/lab/app.log
logrotate -f /etc/logrotate.d/lab
ls /var/log/lab/app.log.1 >/dev/null
