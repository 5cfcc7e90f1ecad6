#!/bin/bash
# Lists sessions: loginctl and who.
loginctl --no-pager list-sessions >/dev/null && who >/dev/null
