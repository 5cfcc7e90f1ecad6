// The jobs that the site's policy approves, by the names that attacks use.
#pragma once
#include <vector>

#include "tests/pair/installation.hpp"

namespace bulkhead::test {

inline constexpr const char* kOnceScript = "exit 0 # once\n";

inline std::vector<PinnedJob> jobs_of_the_site() {
    using namespace std::chrono_literals;
    // The first process of a namespace is asked in vain unless it has said that it listens.
    const std::string polite = "trap 'exit 0' TERM\necho up\n";
    const std::string sleeps = polite + "sleep 600 & wait\n";
    return {
        {.name = "sleeper", .script = sleeps, .catalogue = true},
        {.name = "quick", .script = "exit 0\n", .catalogue = true},
        // Runs exactly once, of a script the worker brings.
        {.name = "once", .script = kOnceScript, .runs = "1"},
        {.name = "brief", .script = sleeps + "# brief\n", .catalogue = true, .timeout = 4s},
        // More output than its pipe holds, and nobody reads.
        {.name = "talker",
         .script = polite + "head -c 8388608 /dev/zero\nsleep 600 & wait\n",
         .catalogue = true,
         .timeout = 4s},
        {.name = "choosy",
         .script = "echo \"$JOB_P_count\"\n",
         .catalogue = true,
         .params = {{"count", "int:1..9"}}},
    };
}

}  // namespace bulkhead::test
