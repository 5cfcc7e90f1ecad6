// Where the agent of this host takes its settings from: its unit, and the file that is named there.
#pragma once
#include <string>
#include <vector>

#include "cli/base/options.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::cli {

// What check-config and settings --effective take.
inline constexpr Option kUnit{"--unit", Option::Takes::once};
inline constexpr Option kPolicyOption{"--policy", Option::Takes::once};

struct AgentSources {
    worker::ConfigSources sources;
    std::string file;       // the path of agent.yaml
    bool is_agents = true;  // the file that the unit's agent reads
    std::string policy;     // the directory of its policy
    std::string unit;  // path of the unit's file; "": there is none, and the caller's environment
                       // counts
    std::vector<std::string> notes;  // what systemd passes over of the unit
};

// Reads the unit (kUnit; bulkhead.service unless given, "none" for none) with its drop-ins and
// environment files, and the file: the operand, else the one that the unit names, else
// /etc/bulkhead/agent.yaml. Errors are wrong(), with the file or the line, and what to do: the file
// does not exist, is no regular file, is larger than 1 MiB or may not be read; the unit is not
// understood. No file is waited for.
Result<AgentSources> agent_sources(const Options& options);

}  // namespace bulkhead::cli
