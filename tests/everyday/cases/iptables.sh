#!/bin/bash
# Changes and lists the firewall: iptables.
# needs: iptables
set -eo pipefail
iptables -A INPUT -p tcp --dport 9999 -j DROP
iptables -nL INPUT | grep -q 9999
iptables -D INPUT -p tcp --dport 9999 -j DROP
