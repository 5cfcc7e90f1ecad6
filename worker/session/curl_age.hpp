// How old a libcurl may be that no update of the distribution reaches.
#pragma once
#include <optional>
#include <vector>

#include "worker/backend/dialect/messages.hpp"
#include "worker/backend/http/curl_release.hpp"

namespace bulkhead::worker {

// So long after BuiltInCurl::newest_on a newer release of the agent should be there.
inline constexpr std::chrono::days kCurlMayBe{180};

// The trouble `lean-curl-old`, where that time is over. The distribution's libcurl has none.
void tell_curl_age(std::vector<Trouble>& all, const std::optional<BuiltInCurl>& curl, UnixTime now);

}  // namespace bulkhead::worker
