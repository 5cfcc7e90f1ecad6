#!/bin/bash
# Changes and lists the firewall: nft.
# needs: nft
set -e
nft add table inet "lab_$$"
list=$(nft list ruleset)
grep -q "lab_$$" <<<"$list"
nft delete table inet "lab_$$"
