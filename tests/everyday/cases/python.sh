#!/bin/bash
# Runs Python.
# needs: /usr/bin/python3
set -e
/usr/bin/python3 -c 'import json, ssl, subprocess; subprocess.run(["true"], check=True)'
