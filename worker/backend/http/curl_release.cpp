#include "worker/backend/http/curl_release.hpp"

#include <curl/curl.h>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

std::optional<BuiltInCurl> built_in_curl() {
#ifdef BULKHEAD_LEAN_CURL
    const auto day = parse_utc(BULKHEAD_CURL_NEWEST_ON);
    if (day) return BuiltInCurl{.version = BULKHEAD_CURL_VERSION, .newest_on = *day};
#endif
    return std::nullopt;
}

std::string curl_in_words() {
    if (const auto built_in = built_in_curl()) {
        return "libcurl " + built_in->version + ", built in, the newest on " +
               format_utc(built_in->newest_on).substr(0, std::string_view("2026-11-29").size());
    }
    return std::string("libcurl ") + curl_version_info(CURLVERSION_NOW)->version + ", the system's";
}

}  // namespace bulkhead::worker
