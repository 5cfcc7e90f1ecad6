#!/bin/bash
# Listens on port 80.
# needs: perl
perl -e 'use IO::Socket; IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1:80", ReuseAddr => 1) or die $!'
