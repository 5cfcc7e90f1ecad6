// Converts the state that other agents keep on disk, such as credentials, to files of our worker.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/migrate/installation.hpp"

namespace bulkhead::cli::migration {

// A file that holds a secret. Its content is written to files and never printed.
struct SecretFile {
    std::string name;    // path beneath the directory of --write
    std::string target;  // path on the host
    std::string owner;   // of `target`, in the form of chown(1)
    std::string mode;    // of `target`, octal
    std::string origin;  // says where the content comes from, for people
    Secret content;
};

// A credential in the format of the worker's credentials files.
SecretFile kept_credential(const OldAgent& agent, const std::string& agent_id,
                           const std::string& credential, std::string origin);

// Converts the state files of the old agent. A file that is missing becomes a sentence in `notes`.
Result<std::vector<SecretFile>> read_state(const OldAgent& agent, const Installation& installation,
                                           const std::string& root,
                                           std::vector<std::string>& notes);

}  // namespace bulkhead::cli::migration
