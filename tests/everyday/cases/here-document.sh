#!/bin/bash
# Feeds a large here-document and a here-string.
set -e
text=$(head -c 100000 /dev/zero | tr '\0' x)
[ "$(wc -c <<<"$text")" = 100001 ]
cat <<END | grep -q xxx
$text
END
