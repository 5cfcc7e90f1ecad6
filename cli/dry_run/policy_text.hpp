// Parts of a policy in words, for the report.
#pragma once
#include <string>
#include <vector>

#include "common/admission/admit.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::cli {

std::string access_name(policy::Access access);
std::string outcome_name(admission::CheckOutcome outcome);
std::string network_in_words(policy::Network network);
std::vector<std::string> namespace_names(const policy::Namespaces& namespaces);

// "allowed", "fail with EPERM", "end the process".
std::string action_in_words(const policy::Action& action);
// "arg0 is AF_UNIX and arg1 has 0x10"; empty without conditions.
std::string conditions_in_words(const std::vector<policy::Condition>& conditions);
// "512 MiB"
std::string size_in_words(std::uint64_t bytes);

}  // namespace bulkhead::cli
