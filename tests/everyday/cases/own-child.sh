#!/bin/bash
# Ends a child of its own and collects it.
sleep 50 &
kill -TERM $!
wait $!
[ $? = 143 ]
