// An existing installation of another agent, read from a root directory.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/migrate/agents.hpp"
#include "cli/migrate/found.hpp"
#include "common/base/secret.hpp"

namespace bulkhead::cli::migration {

struct Installation {
    std::vector<Found> found;        // a later one counts more
    std::vector<std::string> read;   // the files they come from
    std::vector<std::string> notes;  // what was seen and not understood
};

// Paths in the files are the host's own; each is looked for below `root`. `more` are files that the
// caller names, by their ending: .service, .yaml or .yml, else NAME=value.
Result<Installation> read_installation(const OldAgent& agent, const std::string& root,
                                       const std::vector<std::string>& more);

// Nothing when it is absent.
Result<std::optional<Secret>> read_host_file(const std::string& root, const std::string& path);

}  // namespace bulkhead::cli::migration
