#!/bin/bash
# Makes a temporary file and directory: mktemp.
set -e
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "${TMPDIR:-/tmp}"
echo x >"$directory/f"
[ "$(cat "$directory/f")" = x ]
