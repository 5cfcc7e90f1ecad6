// Reads what root has written of the agent: RUN_DIR/broker.json (broker/status/).
#pragma once
#include <string>

#include "cli/status/bounded_json.hpp"

namespace bulkhead::cli {

struct RootFile {
    enum class State {
        not_running,  // there is no agent: nothing to read, or its process is gone
        absent,       // RUN_DIR is there and the file is not: no agent, or an older one
        unread,       // the caller may not read it
        unbelieved,   // it is not root's alone, or not what root writes
        silent,       // older than three ticks, and its process is there: root hangs
        fresh,
    };
    State state = State::not_running;
    std::string why;       // a sentence, unless it is fresh
    StatusJson said;       // if it is fresh or silent, or was written by a process that is gone
    long age_seconds = 0;  // of `said`
};

// Only a regular file of root's that nobody else can write to, in a directory of the same kind, is
// believed; 1 MiB at most.
RootFile read_root_file(const std::string& run_dir);

}  // namespace bulkhead::cli
