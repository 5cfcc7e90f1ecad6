#!/bin/bash
# Renews the loader’s index: ldconfig.
ldconfig
