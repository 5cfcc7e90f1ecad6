// What an HTTP status (RFC 9110, 15) means in every dialect, unless its endpoint defines otherwise.
#pragma once
#include <string>
#include <string_view>

#include "worker/backend/dialect/answer.hpp"

namespace bulkhead::worker {

std::unexpected<Failure> failure(Failure::Kind kind, std::string text);

// Judges a status that is not a success of this endpoint: 401 and 403 are credential_rejected; 413
// is too_large; 408, 425, 429, 5xx, a redirect and a 2xx are retry; every other 4xx is refused.
// `said` is the reason that the backend gave; it is quoted in the text.
std::unexpected<Failure> judge_failure(const HttpAnswer& answer, std::string_view said);
// Judges a success whose body cannot be read as retry: a proxy may have answered.
std::unexpected<Failure> judge_unreadable(const Error& error);

}  // namespace bulkhead::worker
