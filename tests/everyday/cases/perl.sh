#!/bin/bash
# Runs Perl.
# needs: perl
perl -e 'use IO::Socket; open my $h, "<", "/etc/passwd" or die; exit 0'
