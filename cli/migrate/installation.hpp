// Reads the settings of an installed other agent from a root directory.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/migrate/agents.hpp"
#include "cli/migrate/found.hpp"
#include "common/base/secret.hpp"

namespace bulkhead::cli::migration {

struct Installation {
    std::vector<Found> found;        // of two with the same name the later one holds
    std::vector<std::string> read;   // the files that `found` comes from
    std::vector<std::string> notes;  // sentences about files and lines that were not understood
};

// Each path in the files is looked up beneath `root`. `more` are further files that the caller
// names: units (.service), which take the place of those that are looked for; YAML (.yaml, .yml);
// or else environment files, as systemd reads them. Errors name file and line.
Result<Installation> read_installation(const OldAgent& agent, const std::string& root,
                                       const std::vector<std::string>& more);

// The content of `path` beneath `root`, at most 256 KiB; nothing if there is no such file. Symlinks
// stay beneath `root`.
Result<std::optional<Secret>> read_host_file(const std::string& root, const std::string& path);

}  // namespace bulkhead::cli::migration
