#include "worker/config/ports.hpp"

#include <algorithm>
#include <functional>

#include "common/policy/connect.hpp"
#include "worker/backend/http/url.hpp"
#include "worker/backend/nats/nats_url.hpp"

namespace bulkhead::worker {

namespace {

// The address that has to be reached, where the URL says it.
std::string address_in(const Url& url) {
    if (policy::parse_address(url.host)) return url.host;
    return url.loopback ? "127.0.0.1" : "";
}

// Whether a row includes it. Of special networks only rows within them do.
bool includes(std::span<const policy::ConnectRow> rows, const policy::Address& address,
              std::uint16_t port) {
    const auto nets = policy::special_nets();
    return std::ranges::any_of(rows, [&](const auto& row) {
        if (row.port != port || !policy::lies_in(address, row.network, row.prefix)) return false;
        return std::ranges::all_of(nets, [&](const auto& net) {
            return !policy::lies_in(address, net.network, net.prefix) || row.prefix >= net.prefix;
        });
    });
}

Result<std::vector<Url>> servers_of(const BackendConfig& backend) {
    std::vector<Url> all;
    for (const auto& [key, text] : server_urls(backend)) all.push_back(TRY(parse_url(text)));
    if (const auto& nats = backend.telemetry.url; !nats.empty()) {
        all.push_back(TRY(parse_nats_url(nats)).as_https());
    }
    return all;
}

// `lacking` says to what of a URL the worker may not connect; "" is nothing.
Result<> check(const Config& config, const std::function<std::string(const Url&)>& lacking) {
    Problems problems;
    for (const auto& backend : config.backends) {
        for (auto url : TRY(within("backend " + backend.name, servers_of(backend)))) {
            if (backend.proxy.used_for(url)) url = TRY(parse_url(backend.proxy.address()));
            const auto what = lacking(url);
            if (what.empty()) continue;
            const auto address = address_in(url);
            problems.add(fail(
                "backend " + backend.name + ": policy lets the worker connect to no " + what +
                "; add a line by profiles/worker.profile.d/NAME.lines: " + "connect " +
                (address.empty() ? "any" : address) + " " + std::to_string(url.port) + "  # why"));
        }
    }
    return problems.result();
}

}  // namespace

Result<> check_ports(const Config& config, const std::vector<std::uint16_t>& allowed) {
    return check(config, [&](const Url& url) {
        const bool has = std::ranges::count(allowed, url.port) > 0;
        return has ? "" : "port " + std::to_string(url.port);
    });
}

Result<> check_addresses(const Config& config, std::span<const policy::ConnectRow> rows) {
    return check(config, [&](const Url& url) -> std::string {
        const auto port = "port " + std::to_string(url.port);
        if (std::ranges::count(rows, url.port, &policy::ConnectRow::port) == 0) return port;
        const auto text = address_in(url);
        const auto address = policy::parse_address(text);
        if (!address || includes(rows, *address, url.port)) return "";
        return port + " of " + text;
    });
}

}  // namespace bulkhead::worker
