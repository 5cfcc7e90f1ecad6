#!/bin/bash
# Restarts the agent that runs it.
# alone: stops the jobs of the others
systemctl restart bulkhead
