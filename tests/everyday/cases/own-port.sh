#!/bin/bash
# Listens on a port and talks to itself.
# needs: perl
perl -e 'use IO::Socket; my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die $!;
    IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $s->sockport) or die $!;'
