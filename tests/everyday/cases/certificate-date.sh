#!/bin/bash
# Reads until when a certificate holds.
# needs: openssl
set -e
openssl x509 -noout -enddate -in /etc/ssl/certs/lab.crt
