// The list whose calls root's ceiling lets through where artifacts.policy exists.
#pragma once
#include <string_view>

namespace bulkhead::policy {

inline constexpr std::string_view kCeilingForArtifacts = "broker-artifacts";

}  // namespace bulkhead::policy
