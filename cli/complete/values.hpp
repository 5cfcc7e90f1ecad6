// What may stand for a word in capitals of a usage on this host: profiles, jobs, groups, codes.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::cli {

// Where the values are looked up.
struct Places {
    std::string policy;  // directories
    std::string vendor_policy;
    std::string run_dir;
};

struct Candidate {
    std::string word;     // ":file" and ":directory" stand for paths, which the shell completes
    std::string meaning;  // may be empty
};

// Of `option`, or of an operand where that is empty: all that `value`, such as "broker|PROFILE",
// stands for. What cannot be read is left out.
std::vector<Candidate> values_of(std::string_view option, std::string_view value,
                                 const Places& places);

}  // namespace bulkhead::cli
