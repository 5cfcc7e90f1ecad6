#!/bin/bash
# Cleans up in a trap and ends with its status.
trap 'echo bye' EXIT
exit 4
