// Values of a policy as text, for reports.
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

// "allowed", "allowed and logged", "fails with EPERM" or "ends the process".
std::string action_in_words(const policy::Action& action);
// "arg0 is AF_UNIX and arg1 has 0x10"; empty without conditions.
std::string conditions_in_words(const std::vector<policy::Condition>& conditions);
// The size in the largest unit that divides it: "512 MiB", "1000 bytes".
std::string size_in_words(std::uint64_t bytes);

}  // namespace bulkhead::cli
