// From a directory to a Policy, all or nothing.
#pragma once
#include <string>

#include "common/base/result.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// Whose word the directory is.
enum class Trust {
    root,    // every file, and every directory from / down to it: root's, and only root may write
    caller,  // for dry runs on a laptop: files and directories beneath it are the caller's or
             // root's
};

// Nothing is opened through a symlink or outside the directory; for Trust::root its own path holds
// no symlink either.
Result<Policy> load(const std::string& directory, Trust trust);

}  // namespace bulkhead::policy
