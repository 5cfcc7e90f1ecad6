#!/bin/bash
# Lists timers.
set -e
said=$(systemctl --no-pager list-timers)
grep -q lab-timer <<<"$said" || wrong "the timer is not in it"
