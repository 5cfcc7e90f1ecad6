#!/bin/bash
# Gives a command a time-out.
timeout 0.2 sleep 9
[ $? = 124 ]
