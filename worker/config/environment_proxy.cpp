#include "worker/config/environment_proxy.hpp"

#include <initializer_list>

#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMaxExceptions = 16_KiB;

using Environment = std::map<std::string, std::string>;

// The first of these variables that is not empty.
std::pair<std::string, std::string> first_of(const Environment& environment,
                                             std::initializer_list<const char*> names) {
    for (const auto* name : names) {
        const auto found = environment.find(name);
        if (found != environment.end() && !found->second.empty()) return *found;
    }
    return {};
}

std::string listed(const std::vector<std::size_t>& places) {
    std::string all;
    for (const auto place : places) all += (all.empty() ? "" : ", ") + std::to_string(place);
    return all;
}

}  // namespace

std::vector<std::string> EnvironmentProxy::remarks(const BackendConfig& backend) const {
    std::vector<std::string> all;
    if (!backend.proxy.url.empty()) return all;
    if (!senseless.empty() && !proxy.url.empty()) all.push_back(senseless);
    const auto url = parse_url(backend.url);
    if (url && url->scheme == "http" && !url->loopback && !ignored.empty()) {
        all.push_back(ignored + " has no effect: backend " + backend.name +
                      " is reached by plain http, for which only the setting proxy counts");
    }
    return all;
}

EnvironmentProxy read_environment_proxy(const Environment& environment) {
    EnvironmentProxy result;
    result.ignored =
        first_of(environment, {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}).first;
    const auto [variable, text] =
        first_of(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
    if (variable.empty()) return result;
    result.variable = variable;
    auto proxy = parse_proxy(text);
    if (!proxy) {
        result.problem = variable + ": " + proxy.error().what;
        return result;
    }
    const auto [exempting, exceptions] = first_of(environment, {"no_proxy", "NO_PROXY"});
    if (exceptions.size() > kMaxExceptions || !is_utf8(exceptions)) {
        result.problem = exempting + ": longer than 16 KiB, or not UTF-8";
        return result;
    }
    const auto senseless = ProxyExceptions(exceptions).senseless();
    if (!senseless.empty()) {
        result.senseless = exempting + ": no host, address or network, and without effect: entry " +
                           listed(senseless);
    }
    result.proxy = *std::move(proxy);
    result.proxy.https_only = true;
    result.proxy.exceptions = exceptions;
    return result;
}

}  // namespace bulkhead::worker
