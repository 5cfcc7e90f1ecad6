#!/bin/bash
# Describes the processors: lscpu.
lscpu >/dev/null
