// What replaces an installation: agent.yaml, lines of policy, files with secrets and state.
#pragma once
#include <string>
#include <vector>

#include "cli/migrate/state.hpp"

namespace bulkhead::cli::migration {

struct Plan {
    std::string agent_yaml;
    std::vector<std::string> landlock;  // lines to add to profiles/worker.profile
    std::vector<std::string> reads;     // to reads.policy
    std::vector<std::string> credentials;  // to credentials.policy
    std::vector<SecretFile> secrets;
    std::vector<std::string> notes;
};

// Every value is checked as the agent will check it; errors name the old file and line.
Result<Plan> compose(const OldAgent& agent, const Installation& installation,
                     const std::string& root);

}  // namespace bulkhead::cli::migration
