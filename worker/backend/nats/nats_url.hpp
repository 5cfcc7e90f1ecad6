// NatsUrl: where a NATS server is, and whether it is spoken to in plain text.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "worker/backend/http/url.hpp"

namespace bulkhead::worker {

struct NatsUrl {
    std::string host;  // without the brackets of an IPv6 address
    std::uint16_t port = 4222;
    // tls://: a server that does not offer TLS is refused. nats://: TLS only where it demands it.
    bool tls = true;
    bool loopback = false;

    // "HOST:PORT", for messages.
    std::string place() const;
    // As an https URL, by which policy's ports and proxies are looked up.
    Url as_https() const;
};

// Accepts tls://HOST[:PORT] and nats://HOST[:PORT], one server, port 4222 unless given; HOST as in
// parse_url(). Errors: anything else, such as a user, a password, a path, a list of servers.
Result<NatsUrl> parse_nats_url(std::string_view text);
// The same, and refuses nats:// to a host that is not loopback unless `allow_plaintext`.
Result<NatsUrl> parse_telemetry_url(std::string_view text, bool allow_plaintext);

}  // namespace bulkhead::worker
