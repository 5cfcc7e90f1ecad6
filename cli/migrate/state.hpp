// Converts the state that other agents keep on disk, such as credentials, to files of our worker.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/migrate/installation.hpp"
#include "worker/backend/dialect/messages.hpp"

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

struct State {
    std::vector<SecretFile> files;
    worker::Identity identity;  // that the backend knows the host by; empty: none was found
    Secret key;                 // the host's own, where the backend knows it by one
};

// A credential in the format of the worker's credentials files.
SecretFile kept_credential(const OldAgent& agent, const std::string& agent_id,
                           const std::string& credential, std::string origin);

// Converts the state files of the old agent, which lie in `directory`, or where the agent looks if
// it is "". A file that is missing becomes a sentence in `notes`.
Result<State> read_state(const OldAgent& agent, const std::string& directory,
                         const std::string& root, std::vector<std::string>& notes);

// The only line of a file beneath `root`; empty if there is no such file.
Result<std::string> only_line(const std::string& root, const std::string& path);

}  // namespace bulkhead::cli::migration
