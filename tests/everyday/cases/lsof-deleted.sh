#!/bin/bash
# Asks lsof for deleted files that are still open, as on a full disk.
# needs: lsof
lsof -nP +L1 2>/dev/null | grep -q lab-deleted || wrong "lsof says there are none"
