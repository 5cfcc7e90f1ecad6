#!/bin/bash
# Counts characters, not bytes.
text='grüße'
[ ${#text} = 5 ] || wrong "${#text} characters"
