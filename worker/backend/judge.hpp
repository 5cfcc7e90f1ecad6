// What an HTTP status means wherever the endpoint does not say otherwise; shared by the dialects.
#pragma once
#include <string>
#include <string_view>

#include "worker/backend/duties.hpp"
#include "worker/backend/verdict.hpp"

namespace bulkhead::worker {

std::unexpected<Setback> setback(Setback::Kind kind, std::string text);

// Judges a status that is no success for this endpoint: 401 and 403 reject the credential; 408,
// 425, 429 and 5xx are worth another try; a redirect and every other 4xx are final. `said` is what
// the backend gave as its reason, in whatever words.
std::unexpected<Setback> judge_failure(const HttpAnswer& answer, std::string_view said);
// A success whose body could not be read: perhaps a proxy answered, so it may pass.
std::unexpected<Setback> judge_unreadable(const Error& error);

// An id that can stand in a path and a log: 1..128 bytes of UTF-8 without control characters, and
// not "." or "..", which a server would take out of the path.
Result<> check_job_id(std::string_view id);
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
