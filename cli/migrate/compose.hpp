// Composes what replaces an installation of another agent: agent.yaml, lines of policy, and files
// with secrets and state.
#pragma once
#include <string>
#include <vector>

#include "cli/migrate/state.hpp"

namespace bulkhead::cli::migration {

struct Plan {
    std::string agent_yaml;
    std::vector<std::string> landlock;     // lines to add to profiles/worker.profile
    std::vector<std::string> reads;        // lines to add to reads.policy
    std::vector<std::string> credentials;  // lines to add to credentials.policy
    std::vector<SecretFile> secrets;
    std::vector<std::string> notes;
    worker::Identity identity;  // as in State, or the credential of the settings
    Secret key;
};

// Checks each value as the agent will check it. Errors name file and line of the old installation.
Result<Plan> compose(const OldAgent& agent, const Installation& installation,
                     const std::string& root);

}  // namespace bulkhead::cli::migration
