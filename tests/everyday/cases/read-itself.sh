#!/bin/bash
# Reads what is appended to it, as self-extracting archives do.
set -e
[ "$(sed '1,/^__DATA__$/d' "$0")" = payload ]
exit
__DATA__
payload
