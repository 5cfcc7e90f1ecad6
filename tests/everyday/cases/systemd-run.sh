#!/bin/bash
# Has systemd run a command: `systemd-run --wait`.
set -e
[ "$(systemd-run -q --wait --pipe echo done)" = done ]
