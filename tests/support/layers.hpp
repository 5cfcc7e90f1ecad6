// A record of what the kernel answered at each wall, for the table at the end of scripts/test.
#pragma once
#include <string_view>

namespace bulkhead::test {

// One line "layer TAB who TAB tried TAB answer", appended to the file that $BULKHEAD_LAYERS names;
// nothing without it. `layer`: uid, capabilities, namespaces, view, Landlock, seccomp, cgroup,
// rlimits, ...; `who`: "worker", "broker", "job inspect", ...; `tried`: a word or a few; `answer`:
// the kernel's, such as "EPERM" or "SIGSYS", or "skipped: REASON".
void record_layer(std::string_view layer, std::string_view who, std::string_view tried,
                  std::string_view answer);

}  // namespace bulkhead::test
