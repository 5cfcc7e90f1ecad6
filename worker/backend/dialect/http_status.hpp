// What an HTTP status means wherever the endpoint does not say otherwise; shared by the dialects.
#pragma once
#include <string>
#include <string_view>

#include "worker/backend/dialect/answer.hpp"

namespace bulkhead::worker {

std::unexpected<Failure> failure(Failure::Kind kind, std::string text);

// Judges a status that is no success for this endpoint: 401 and 403 reject the credential; 408,
// 425, 429 and 5xx are worth another try; a redirect and every other 4xx are final. `said` is what
// the backend gave as its reason, in whatever words.
std::unexpected<Failure> judge_failure(const HttpAnswer& answer, std::string_view said);
// A success whose body could not be read: perhaps a proxy answered, so it may pass.
std::unexpected<Failure> judge_unreadable(const Error& error);

}  // namespace bulkhead::worker
