#include "worker/config/ports.hpp"

#include <algorithm>

#include "common/policy/connect.hpp"
#include "worker/backend/http/url.hpp"

namespace bulkhead::worker {

Result<> check_ports(const Config& config, const std::vector<std::uint16_t>& allowed) {
    Problems problems;
    for (const auto& backend : config.backends) {
        for (const auto& [key, text] : server_urls(backend)) {
            auto url = TRY(within("backend " + backend.name, parse_url(text)));
            if (backend.proxy.used_for(url)) url = TRY(parse_url(backend.proxy.address()));
            if (std::ranges::count(allowed, url.port) > 0) continue;
            const auto port = std::to_string(url.port);
            problems.add(fail("backend " + backend.name +
                              ": policy lets the worker connect to no port " + port +
                              "; add a line by profiles/worker.profile.d/NAME.lines: connect " +
                              (policy::parse_address(url.host) ? url.host
                               : url.loopback                  ? "127.0.0.1"
                                                               : "any") +
                              " " + port + "  # why"));
        }
    }
    return problems.result();
}

}  // namespace bulkhead::worker
