#!/bin/bash
# Crashes.
kill -SEGV $$
