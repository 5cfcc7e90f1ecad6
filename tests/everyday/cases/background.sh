#!/bin/bash
# Leaves a program running: `nohup setsid COMMAND &`.
# afterwards: pgrep -f "^lab-survivor-$id"
nohup setsid bash -c "exec -a lab-survivor-$BULKHEAD_JOB_ID sleep 20" >/dev/null 2>&1 &
until pgrep -f "^lab-survivor-$BULKHEAD_JOB_ID" >/dev/null; do sleep 0.05; done
