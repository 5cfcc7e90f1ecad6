#!/bin/bash
# Opens a packet socket, as tcpdump does.
# needs: perl
perl -e 'socket(my $s, 17, 3, 0x0300) or die "$!\n"'
