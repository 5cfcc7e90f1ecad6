#!/bin/bash
# Raises its hard limit of open files: `ulimit -Hn`.
# own-kernel: containers may lack CAP_SYS_RESOURCE
set -e
ulimit -Hn 200000
