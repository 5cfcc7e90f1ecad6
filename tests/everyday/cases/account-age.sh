#!/bin/bash
# Reads the age of a password: `chage -l`.
chage -l deploy >/dev/null
