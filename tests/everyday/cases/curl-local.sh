#!/bin/bash
# Asks a service on this host: curl.
# needs: curl
curl -fsS http://127.0.0.1:8099/ >/dev/null
