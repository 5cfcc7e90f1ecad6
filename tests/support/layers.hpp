// record_layer(): records what the kernel answered to an attempt at a wall, for the table at the
// end of scripts/test.
#pragma once
#include <string_view>

namespace bulkhead::test {

// Appends a line "layer TAB who TAB tried TAB answer" to the file that $BULKHEAD_LAYERS names; does
// nothing if that is not set. `layer`: uid, capabilities, namespaces, view, Landlock, seccomp,
// cgroup, rlimits, ...; `who`: "worker", "broker", "job inspect", ...; `tried`: a few words;
// `answer`: the kernel's, such as "EPERM" or "SIGSYS", or "skipped: REASON".
void record_layer(std::string_view layer, std::string_view who, std::string_view tried,
                  std::string_view answer);

}  // namespace bulkhead::test
