#!/bin/bash
# Reads a log of root:adm.
set -e
grep -q 'a line' /var/log/lab/app.log
