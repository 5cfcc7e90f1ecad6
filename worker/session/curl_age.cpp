#include "worker/session/curl_age.hpp"

#include "common/base/parse.hpp"

namespace bulkhead::worker {

void tell_curl_age(std::vector<Trouble>& all, const std::optional<BuiltInCurl>& curl,
                   UnixTime now) {
    if (!curl || now < curl->newest_on + kCurlMayBe) return;
    all.push_back({.code = "lean-curl-old",
                   .since = curl->newest_on + kCurlMayBe,
                   .why = "libcurl " + curl->version +
                          " is built into this program, and was the newest at " +
                          format_utc(curl->newest_on) +
                          ": what was mended since then is not in it; install a newer release, or "
                          "build one after scripts/lean-curl --again"});
}

}  // namespace bulkhead::worker
