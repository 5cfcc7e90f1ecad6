#!/bin/bash
# Has settings of root from ~root read, as mysql does.
set -e
[ "$(cat ~/.lab.cnf)" = "of root" ]
