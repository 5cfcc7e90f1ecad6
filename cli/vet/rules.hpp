// The policy of the child that checks scripts; it is compiled into this program.
#pragma once
#include <string_view>

#include "common/policy/policy.hpp"

namespace bulkhead::cli {

// The text of policy/profiles/vet.profile and policy/seccomp/vet.seccomp. They are not read at run
// time: an author's machine may have no policy, and one in a repository may be by the author of the
// script that is to be checked.
std::string_view vet_profile();
std::string_view vet_calls();

struct VetRules {
    policy::Profile profile;
    policy::SeccompList calls;
};
Result<VetRules> vet_rules();

}  // namespace bulkhead::cli
