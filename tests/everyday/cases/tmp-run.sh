#!/bin/bash
# Writes a helper to /tmp and runs it.
set -e
helper=$(mktemp /tmp/lab.XXXXXX)
trap 'rm -f "$helper"' EXIT
printf '#!/bin/sh\necho ran\n' >"$helper"
chmod +x "$helper"
[ "$("$helper")" = ran ]
