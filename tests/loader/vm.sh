#!/bin/bash
# vm.sh [LOADER_TEST]: prints what this kernel can attach of eBPF artifacts, a line for each type, as a column of
# docs/kernels.md, and runs the loader's tests. For a virtual machine with another kernel: build there or bring the build
# directory at its path, since test programs know where loader, policy and objects are. Run it as root; the tests work in
# a network namespace of their own. BULKHEAD_VM_PARANOID=2 sets kernel.perf_event_paranoid for its time, so that kprobe
# can be tried where Debian's 3 forbids it.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tests=${1:-$top/build/dev/tests/loader/loader_test}
[ "$(id -u)" = 0 ] || { echo "run me as root" >&2; exit 1; }
[ -x "$tests" ] || { echo "$tests: not built; ninja -C build/dev loader_test" >&2; exit 1; }

paranoid=/proc/sys/kernel/perf_event_paranoid
before=$(cat "$paranoid" 2>/dev/null || echo none)
restore() { [ "$before" = none ] || echo "$before" >"$paranoid"; }
if [ -n "${BULKHEAD_VM_PARANOID:-}" ]; then
    trap restore EXIT
    echo "$BULKHEAD_VM_PARANOID" >"$paranoid"
fi

kernel=$(uname -r)
echo "kernel $kernel, perf_event_paranoid $(cat "$paranoid" 2>/dev/null || echo none)," \
    "lsm $(cat /sys/kernel/security/lsm 2>/dev/null || echo unknown)," \
    "lockdown $(cat /sys/kernel/security/lockdown 2>/dev/null || echo none)"
# shellcheck disable=SC2016  # the back quotes are for the page
"$tests" --gtest_filter='Probe.NamesEachType*' --gtest_brief=1 |
    sed -nE 's/^([a-z0-9-]+) +(yes|no) ?(.*)$/| `\1` | \2 | \3 |/p'
"$tests" --gtest_brief=1
