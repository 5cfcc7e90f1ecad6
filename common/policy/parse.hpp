// Parses the text of policy files into a Policy. It opens no file.
#pragma once
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/policy/lines.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// The directory that may hold a file: the vendor's, which belongs to the version, or the
// operator's.
enum class From { either, vendor, operators };
enum class Lines { may_be_added, are_its_own };

struct FileKind {
    std::string_view folder;  // "" means the policy directory itself
    std::string_view name;    // the file's name; in a folder the suffix of its files
    bool required;
    std::uint64_t max_bytes;
    Result<> (*parse)(Policy&, const std::string& file, const Text& text);
    From from = From::either;
    Lines lines = Lines::may_be_added;
    bool grants = false;  // what it says is in Grants, and nothing else is
};

// The kind of `file`, a path relative to the policy directory; nullptr if it is not a policy file.
const FileKind* kind_of(std::string_view file);
// Parses `text` and adds it to the policy. Call it for the files of a folder in the order of their
// names: a script needs the manifest of its name.
Result<> parse_file(Policy& policy, const std::string& file, const Text& text);
// An error if a required file is not among `files`; of those of Grants alone, or of all.
Result<> require_files(const std::vector<std::string>& files, bool of_grants);
// Call it after all files were parsed. An error if a required file is missing, or a rule names
// something that does not exist. If there is an old worker.landlock, its rows replace those of the
// worker's profile.
Result<> complete(Policy& policy, const std::vector<std::string>& files);

Result<SeccompList> parse_seccomp(const std::string& file, const Text& text);
// True if a profile of that name is for a process of the agent, such as "worker", and not for jobs:
// one of the table in profile.cpp.
bool is_part(std::string_view profile);
Result<Profile> parse_profile(const std::string& name, const std::string& file, const Text& text);
// Parses the words after the key of a line such as "read PATH [if-present]", in profiles and in
// worker.landlock.
Result<PathRule> take_path_rule(Access access, Line& line);

}  // namespace bulkhead::policy
