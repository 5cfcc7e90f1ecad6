// A backend's URL, taken apart by the same parser that will connect to it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::worker {

struct Url {
    std::string scheme;  // http or https
    std::string host;    // without the brackets of an IPv6 address
    std::uint16_t port = 0;
    std::string path;  // "" or "/prefix", no trailing slash
    bool loopback = false;

    // Normalised, without trailing slash.
    std::string text() const;
};

// http or https with a host; no user, password, query or fragment.
Result<Url> parse_url(std::string_view text);
// The same, and plain http only to this host itself unless `allow_plaintext`.
Result<Url> parse_backend_url(std::string_view text, bool allow_plaintext);

// Everything but letters, digits and "-._~" as %XX (RFC 3986, section 2.3).
std::string percent_encoded(std::string_view text);

}  // namespace bulkhead::worker
