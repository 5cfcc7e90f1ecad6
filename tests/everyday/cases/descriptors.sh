#!/bin/bash
# Hands no descriptor but the three to what it runs.
# needs: perl
extra=$(perl -e 'for (3 .. 20) { print "$_ " if open my $h, "<&=", $_ }')
[ -z "$extra" ] || wrong "programs get descriptor $extra"
