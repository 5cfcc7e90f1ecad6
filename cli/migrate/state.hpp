// What the other agents learnt and keep on disk, as our worker keeps it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/migrate/installation.hpp"

namespace bulkhead::cli::migration {

// One that holds a secret: it is written, never printed.
struct SecretFile {
    std::string name;    // below the directory of --write
    std::string target;  // where it goes on the host
    std::string owner;   // of the target, as chown takes it
    std::string mode;    // of the target
    std::string origin;  // where its content comes from, for people
    Secret content;
};

// In the form of worker/credentials.
SecretFile kept_credential(const OldAgent& agent, const std::string& agent_id,
                           const std::string& credential, std::string origin);

// Files of the old agent's own; none where it has none. What is missing is said in `notes`.
Result<std::vector<SecretFile>> read_state(const OldAgent& agent, const Installation& installation,
                                           const std::string& root,
                                           std::vector<std::string>& notes);

}  // namespace bulkhead::cli::migration
