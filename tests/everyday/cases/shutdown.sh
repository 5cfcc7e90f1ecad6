#!/bin/bash
# Plans a reboot and calls it off: `shutdown -r +60`.
set -e
shutdown -r +60 2>/dev/null
shutdown -c 2>/dev/null
