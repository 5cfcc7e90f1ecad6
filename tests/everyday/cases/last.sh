#!/bin/bash
# Lists logins.
last -n 3 >/dev/null
