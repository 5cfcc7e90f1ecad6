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
    anybody,  // not everybody can write the files and directories, whoever owns them; for checkouts
    unjudged,  // whoever can write them; only to narrow what was judged before
};

// The content of a policy directory.
struct Files {
    std::string directory;  // path, for errors
    Trust trust = Trust::root;
    std::map<std::string, std::string> texts;  // by path relative to the directory
    std::vector<std::string> ignored;          // relative paths of files of no FileKind
    std::map<std::string, Error> faults{};     // by relative path: of what could not be read
};

// Reads the files beneath `directory`. Symlinks in it are refused; with Trust::root `directory`
// must be absolute, and symlinks in its path are refused too.
Result<Files> read(const std::string& directory, Trust trust);
// As read(), but what goes wrong with a file or directory in it is one of the `faults`.
Result<Files> read_what_can_be(const std::string& directory, Trust trust);

// Makes a policy of two directories. A file of the operator replaces the vendor's of the same name,
// and files FILE.d/NAME.lines add lines to either. An operator's file with exactly the bytes that a
// release shipped counts as absent. Without vendor files the policy is the operator's files alone.
Result<Policy> merge(const Files& vendor, const Files& operators);

// What the operator's directory grants and withdraws by itself, whether or not the rest of it makes
// a policy.
struct GrantsNow {
    Grants grants;
    // Why one of its files could not be read, and which; "" if all could. host.policy is none: if
    // it cannot be, `grants.host` is that of the policy in force.
    std::string fault;
    // Of its files those that are not as in the policy in force: "revoked_signers SHA256" or
    // "approved/clean.manifest gone".
    std::vector<std::string> changed;
    std::vector<std::string> ignored;  // as Files::ignored
};
GrantsNow read_grants(const Files& vendor, const std::string& directory, Trust trust,
                      const Policy& in_force);

// Takes from `grants` what `before` did not grant, as a policy that was rejected grants nothing
// anew.
void drop_new_grants(Grants& grants, const Grants& before);

// Takes from `policy` the rows for reads and for the agent's parts whose lines `directory`, over
// the vendor's files, has no more, apart from their reasons. A file of reads grants what it has,
// however it is broken; a part whose own file cannot be read or parsed keeps its rows. Returns what
// was taken, as GrantsNow::changed: "reads.policy: file token /srv/token 4KiB gone".
std::vector<std::string> withdraw_rows(Policy& policy, const Files& vendor,
                                       const std::string& directory);

// Makes a policy of one directory that holds all files.
Result<Policy> load(const std::string& directory, Trust trust);

// The file that `file` adds lines to: "profiles/worker.profile" for
// "profiles/worker.profile.d/10-backend.lines"; "" for a file of another name.
std::string adds_to(const std::string& file);

}  // namespace bulkhead::policy
