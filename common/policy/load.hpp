// From directories to a Policy, all or nothing: what is read, and what is made of it.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// Whose word the directory is.
enum class Trust {
    root,    // every file, and every directory from / down to it: root's, and only root may write
    caller,  // for dry runs on a laptop: files and directories beneath it are the caller's or
             // root's
};

// What lies in a directory of policy, as bytes.
struct Files {
    std::string directory;  // as errors name it
    Trust trust = Trust::root;
    std::map<std::string, std::string> texts;  // by path relative to the directory
    std::vector<std::string> ignored;          // files that nobody reads
};

// Nothing is opened through a symlink or outside the directory; for Trust::root its own path holds
// no symlink either.
Result<Files> read(const std::string& directory, Trust trust);

// A file of the operator's stands in the place of the vendor's of the same name, and files
// FILE.d/NAME.lines add to either. A file that a release shipped byte for byte counts as absent.
// Without files of a vendor's the operator's are all there is.
Result<Policy> merge(const Files& vendor, const Files& operators);

// A directory that holds everything.
Result<Policy> load(const std::string& directory, Trust trust);

// "profiles/worker.profile" of "profiles/worker.profile.d/10-backend.lines"; "" of other files.
std::string adds_to(const std::string& file);

}  // namespace bulkhead::policy
