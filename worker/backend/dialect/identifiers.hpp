// What every dialect holds a backend to: the form of ids and credentials, sizes and intervals.
#pragma once
#include <cstdint>
#include <string_view>

#include "common/base/result.hpp"
#include "common/base/strong.hpp"

namespace bulkhead::worker {

// An id that can stand in a path and a log: 1..128 bytes of UTF-8 without control characters, and
// not "." or "..", which a server would take out of the path.
Result<> check_delivery_id(std::string_view id);
// An agent's name: 1..128 bytes of UTF-8 without control characters.
Result<> check_agent_id(std::string_view id);
// A credential that can stand in a header: 1..4096 visible ASCII characters.
Result<> check_credential(std::string_view credential);

inline constexpr std::size_t kMaxScriptBytes = 4_MiB;
// A script in JSON, with room for its escapes.
inline constexpr std::uint64_t kMaxJobAnswerBytes = 3 * kMaxScriptBytes;
// The longest a backend may stretch our heartbeats to, and the shortest it may press them to.
inline constexpr std::int64_t kLeastHeartbeatSeconds = 1;
inline constexpr std::int64_t kMostHeartbeatSeconds = 3600;

}  // namespace bulkhead::worker
