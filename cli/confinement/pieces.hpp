// Parts that the texts about each confinement share.
#pragma once
#include <string>
#include <vector>

#include "common/policy/policy.hpp"
#include "common/policy/wall.hpp"

namespace bulkhead::cli {

inline constexpr const char* kNoWayBack =
    "the bounding set holds no other; securebits are locked, no_new_privs is on, so no program "
    "gives more; read back from the kernel";

std::string heading(const std::string& text);
std::string paths_of(const std::vector<policy::PathRule>& rules);
std::string calls_of(const policy::SeccompList& list);
// " (Linux 6.7)" for a wall that a host may lack; else "".
std::string since(policy::Wall wall);
std::string standing(policy::WallSet walls);
std::string limits_of(const policy::Limits& limits);
std::string octal(unsigned mask);

}  // namespace bulkhead::cli
