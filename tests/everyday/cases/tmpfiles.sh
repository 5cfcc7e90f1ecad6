#!/bin/bash
# Cleans up by tmpfiles.d: `systemd-tmpfiles --clean`.
# afterwards: [ ! -e /var/tmp/lab-aged/old-$id ]
systemd-tmpfiles --clean lab.conf
