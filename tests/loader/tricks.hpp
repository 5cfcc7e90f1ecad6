// Exit statuses of captured-loader that are no errno.
#pragma once

namespace bulkhead::test {

inline constexpr int kNoSuchTrick = 200;
inline constexpr int kNoOrder = 201;
inline constexpr int kNotConfined = 202;
inline constexpr int kNoCgroup = 203;

}  // namespace bulkhead::test
