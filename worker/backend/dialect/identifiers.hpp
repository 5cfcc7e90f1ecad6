// The limits that every dialect sets for what a backend sends: ids, credentials, sizes, intervals.
#pragma once
#include <cstdint>
#include <string_view>

#include "common/base/result.hpp"
#include "common/base/strong.hpp"

namespace bulkhead::worker {

// Accepts 1..128 bytes of UTF-8 without control characters, and not "." or "..", which are removed
// from the path of a URL (RFC 3986, 5.2.4).
Result<> check_delivery_id(std::string_view id);
// Accepts 1..128 bytes of UTF-8 without control characters.
Result<> check_agent_id(std::string_view id);
// Accepts 1..4096 visible ASCII characters, which a header field can hold.
Result<> check_credential(std::string_view credential);

inline constexpr std::size_t kMaxScriptBytes = 4_MiB;
// The body of an answer with a script, whose escapes in JSON take more bytes than the script.
inline constexpr std::uint64_t kMaxJobAnswerBytes = 3 * kMaxScriptBytes;
// The bounds of a heartbeat interval that a backend asks for.
inline constexpr std::int64_t kLeastHeartbeatSeconds = 1;
inline constexpr std::int64_t kMostHeartbeatSeconds = 3600;

}  // namespace bulkhead::worker
