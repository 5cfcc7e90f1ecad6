#!/bin/bash
# Asks LVM for its volumes.
# needs: lvs
said=$(lvs 2>&1)
! grep -q leaked <<<"$said" || wrong "LVM complains of a descriptor"
