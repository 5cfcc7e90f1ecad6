#!/bin/bash
# Runs once at a time, by the lines of flock(1).
[ "${FLOCKER-}" != "$0" ] && exec env FLOCKER="$0" flock -en "$0" "$0" "$@" || :
[ "${FLOCKER-}" = "$0" ]
