#!/bin/bash
# Changes and lists the firewall: iptables.
# needs: iptables
set -e
iptables -A INPUT -p tcp --dport 9999 -j DROP
list=$(iptables -nL INPUT)
grep -q 9999 <<<"$list"
iptables -D INPUT -p tcp --dport 9999 -j DROP
