// How far clocks may differ by policy.
#pragma once
#include <chrono>

namespace bulkhead::policy {

// The most that approval.policy may say for `skew`.
inline constexpr std::chrono::minutes kMaxSkew{15};

}  // namespace bulkhead::policy
