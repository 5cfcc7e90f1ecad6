#!/bin/bash
# Makes a random password with openssl.
# needs: openssl
set -e
[ "$(openssl rand -hex 4 | wc -c)" = 9 ]
