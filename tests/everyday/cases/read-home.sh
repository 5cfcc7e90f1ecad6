#!/bin/bash
# Lists a user’s home.
ls /home/deploy >/dev/null
