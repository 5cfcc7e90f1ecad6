#!/bin/bash
# Installs a package file with a manual page, and no script of it complains.
set -e
said=$(dpkg -i /opt/lab/lab-package.deb 2>&1)
dpkg -P lab-package >/dev/null
! grep -qi 'not permitted\|failed' <<<"$said" || wrong "$(grep -i 'not permitted\|failed' <<<"$said")"
