#!/bin/bash
# Sets the name of the host.
set -e
hostname "$(hostname)"
