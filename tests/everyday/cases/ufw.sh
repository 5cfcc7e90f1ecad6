#!/bin/bash
# Asks ufw for its state.
# needs: ufw
set -e
said=$(ufw status)
grep -q Status: <<<"$said"
