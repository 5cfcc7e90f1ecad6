#!/bin/bash
# Looks up an account.
set -e
getent passwd deploy >/dev/null
id deploy >/dev/null
