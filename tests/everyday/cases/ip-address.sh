#!/bin/bash
# Lists addresses: ip.
set -e
list=$(ip -br address)
grep -q 192.0.2.77 <<<"$list" || wrong "the host's address is not in it"
