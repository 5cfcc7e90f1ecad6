// From the text of one policy file to its part of the Policy. Pure: no file is opened here.
#pragma once
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/policy/lines.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// In whose directory a file may lie: in that of the version, or in the operator's.
enum class From { either, vendor, operators };
enum class Lines { may_be_added, are_its_own };

struct FileKind {
    std::string_view folder;  // "" for the policy directory itself
    std::string_view name;    // a whole name, or in a folder a suffix
    bool required;
    std::uint64_t max_bytes;
    Result<> (*parse)(Policy&, const std::string& file, const Text& text);
    From from = From::either;
    Lines lines = Lines::may_be_added;
};

// The kind of `file`, a path relative to the policy directory; nullptr if nobody reads it.
const FileKind* kind_of(std::string_view file);
// Takes the text of `file` into the policy. Files of one folder come in the order of their names.
Result<> parse_file(Policy& policy, const std::string& file, const Text& text);
// When every file has been taken: none is missing, no name leads nowhere, and rows of an old
// worker.landlock take the place of those of the worker's profile.
Result<> complete(Policy& policy, const std::vector<std::string>& files);

Result<SeccompList> parse_seccomp(const std::string& file, const Text& text);
// Is a profile of that name no job's but a part's of the agent? "worker", "broker", ...
bool is_part(std::string_view profile);
Result<Profile> parse_profile(const std::string& name, const std::string& file, const Text& text);
// "read PATH [if-present]", in profiles and in worker.landlock.
Result<PathRule> take_path_rule(Access access, Line& line);

}  // namespace bulkhead::policy
