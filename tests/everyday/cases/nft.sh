#!/bin/bash
# Changes and lists the firewall: nft.
# needs: nft
set -eo pipefail
nft add table inet "lab_$$"
nft list ruleset | grep -q "lab_$$"
nft delete table inet "lab_$$"
