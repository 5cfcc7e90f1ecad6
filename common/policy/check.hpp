// Checks a policy that loads for lines that its author probably did not mean. `--check-policy`
// prints the remarks.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/parse.hpp"
#include "common/policy/judge.hpp"

namespace bulkhead::policy {

struct Facts {
    UnixTime now;
    // True if any architecture has a system call of this name. It is passed in, so that this
    // library does not link libseccomp.
    std::function<bool(std::string_view)> is_system_call;
    // True if the file is as the version ships it; empty: all are.
    std::function<bool(const std::string&)> is_shipped{};
    const HostFacts* host = nullptr;  // nullptr: the policy is judged for no host in particular
};

// The errors of judge(), and warnings.
std::vector<PolicyRemark> check(const Policy& policy, const Facts& facts);

}  // namespace bulkhead::policy
