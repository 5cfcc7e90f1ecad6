// What a policy says that it cannot mean: remarks of --check-policy.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/parse.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

struct PolicyRemark {
    bool error = false;  // else a warning: allowed, and probably not meant
    std::string where;   // "approval.policy:7", or a file
    std::string text;
};

struct Facts {
    UnixTime now;
    // Does any architecture have a system call of this name? Injected: libseccomp knows.
    std::function<bool(std::string_view)> is_system_call;
};

std::vector<PolicyRemark> check(const Policy& policy, const Facts& facts);

}  // namespace bulkhead::policy
