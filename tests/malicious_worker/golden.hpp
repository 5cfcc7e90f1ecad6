// The golden lists: what each filter answers, as text an auditor can read and a test can compare.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/malicious_worker/probes.hpp"

namespace bulkhead::test {

// The filters, in the order of the columns.
inline const std::vector<std::string> kFilters{"worker",   "broker",   "inspect",
                                               "diagnose", "maintain", "admin"};

// (group, value) -> the answers of kFilters, in words. What is compared: names are for readers, and
// a younger libseccomp knows more of them.
using Answers = std::map<std::pair<std::string, std::uint64_t>, std::vector<std::string>>;

struct Answered {
    Question question;
    std::vector<std::string> answers;  // of kFilters
};

// One line for each group of neighbours with the same answers; named calls have one of their own.
std::string print(const std::vector<Answered>& all, std::string_view title);
Answers read_golden(const std::string& text);
Answers keyed(const std::vector<Answered>& all);

}  // namespace bulkhead::test
