// Which libcurl this program speaks HTTP with.
#pragma once
#include <optional>
#include <string>

#include "common/sys/clock.hpp"

namespace bulkhead::worker {

// A libcurl that is part of the program: no update of the distribution reaches it.
struct BuiltInCurl {
    std::string version;   // of the distribution's source package: "7.88.1-10+deb12u15"
    UnixTime newest_on{};  // a day on which the distribution had no newer one
};

// nullopt where the program loads the distribution's (BULKHEAD_CURL=system).
std::optional<BuiltInCurl> built_in_curl();

// "libcurl 7.88.1-10+deb12u15, built in, the newest on 2026-11-29", or
// "libcurl 7.88.1, the system's".
std::string curl_in_words();

}  // namespace bulkhead::worker
