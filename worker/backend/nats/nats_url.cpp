#include "worker/backend/nats/nats_url.hpp"

namespace bulkhead::worker {

std::string NatsUrl::place() const {
    const bool six = host.find(':') != host.npos;
    return (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Url NatsUrl::as_https() const {
    return {.scheme = "https", .host = host, .port = port, .path = "", .loopback = loopback};
}

Result<NatsUrl> parse_nats_url(std::string_view text) {
    const bool tls = text.starts_with("tls://");
    if (!tls && !text.starts_with("nats://")) {
        return fail("must begin with tls:// (or nats://), as in tls://nats.example:4222");
    }
    auto place = text.substr(text.find("://") + 3);
    if (place.find(',') != place.npos) {
        return fail("names more than one server; name one, whose name may have several addresses");
    }
    while (place.ends_with('/')) place.remove_suffix(1);
    const auto colon = place.rfind(':');
    const bool has_port = colon != place.npos && place.find(']', colon) == place.npos;
    const auto url =
        TRY(parse_url("https://" + std::string(place) + std::string(has_port ? "" : ":4222")));
    if (!url.path.empty()) return fail("must not hold a path");
    return NatsUrl{.host = url.host, .port = url.port, .tls = tls, .loopback = url.loopback};
}

Result<NatsUrl> parse_telemetry_url(std::string_view text, bool allow_plaintext) {
    auto url = TRY(parse_nats_url(text));
    if (!url.tls && !url.loopback && !allow_plaintext) {
        return fail("nats:// to another host; write tls://, or set allow_plaintext: true");
    }
    return url;
}

}  // namespace bulkhead::worker
