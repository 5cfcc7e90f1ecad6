// Url: a backend's URL, parsed by libcurl (curl_url_set(3)), which also connects to it.
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

    // The URL without the scheme's default port and without a trailing slash.
    std::string text() const;
};

// Accepts http or https with a host, at most 2048 printable ASCII characters without \ and %.
// Errors: anything else, a user or password, an @ elsewhere, a query or fragment, port 0.
Result<Url> parse_url(std::string_view text);
// As parse_url(), and refuses http to a host that is not loopback unless `allow_plaintext`.
Result<Url> parse_backend_url(std::string_view text, bool allow_plaintext);

// Writes each byte as %XX but for the unreserved characters: letters, digits and "-._~" (RFC 3986,
// 2.1 and 2.3).
std::string percent_encoded(std::string_view text);

}  // namespace bulkhead::worker
