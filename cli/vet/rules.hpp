// What holds the child that checks scripts, as this program was built with it.
#pragma once
#include <string_view>

#include "common/policy/policy.hpp"

namespace bulkhead::cli {

// policy/profiles/vet.profile and policy/seccomp/vet.seccomp, word for word. Not read at run time:
// there is no policy on an author's machine, and one that lies in a repository comes from whoever
// wrote the script that is to be checked.
std::string_view vet_profile();
std::string_view vet_calls();

struct VetRules {
    policy::Profile profile;
    policy::SeccompList calls;
};
Result<VetRules> vet_rules();

}  // namespace bulkhead::cli
