// Reads directories of policy files and makes one Policy of them, or returns an error.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// Who must own the files.
enum class Trust {
    root,    // root owns each file and each directory from "/" on, and only root can write them
    caller,  // root or the caller owns the files and directories, and not everybody can write them;
             // for dry runs on another machine
};

// The content of a policy directory.
struct Files {
    std::string directory;  // path, for errors
    Trust trust = Trust::root;
    std::map<std::string, std::string> texts;  // by path relative to the directory
    std::vector<std::string> ignored;          // relative paths of files of no FileKind
};

// Reads the files beneath `directory`. Symlinks in it are refused; with Trust::root `directory`
// must be absolute, and symlinks in its path are refused too.
Result<Files> read(const std::string& directory, Trust trust);

// Makes a policy of two directories. A file of the operator replaces the vendor's of the same name,
// and files FILE.d/NAME.lines add lines to either. An operator's file with exactly the bytes that a
// release shipped counts as absent. Without vendor files the policy is the operator's files alone.
Result<Policy> merge(const Files& vendor, const Files& operators);

// Makes a policy of one directory that holds all files.
Result<Policy> load(const std::string& directory, Trust trust);

// The file that `file` adds lines to: "profiles/worker.profile" for
// "profiles/worker.profile.d/10-backend.lines"; "" for a file of another name.
std::string adds_to(const std::string& file);

}  // namespace bulkhead::policy
