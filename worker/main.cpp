// worker: the half that meets the network. Confine first, talk after.
#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "worker/agent.hpp"
#include "worker/backend/url.hpp"
#include "worker/config/config.hpp"
#include "worker/confine.hpp"

namespace {

using namespace bulkhead;

constexpr int kChannelFd = 3;  // where the broker put its end before exec
constexpr int kFailed = 1;
constexpr int kBadConfiguration = 2;

struct PassFlag {
    std::string_view flag;
    worker::Pass pass;
};
constexpr std::array kPasses{PassFlag{"--once", worker::Pass::once},
                             PassFlag{"--register-only", worker::Pass::register_only},
                             PassFlag{"--check-in-only", worker::Pass::check_in_only}};

struct Order {
    worker::Pass pass = worker::Pass::serve;
    bool forced = false;
};

// Takes the order out of the arguments; the rest are settings.
Result<Order> take_order(std::vector<std::string>& arguments) {
    Order order;
    std::string_view given;
    for (const auto& row : kPasses) {
        if (std::erase(arguments, row.flag) == 0) continue;
        if (!given.empty()) {
            return fail(std::string(given) + " and " + std::string(row.flag) +
                        " exclude each other");
        }
        given = row.flag;
        order.pass = row.pass;
    }
    order.forced = std::erase(arguments, "--force") > 0;
    if (order.forced && given.empty()) order.pass = worker::Pass::once;
    return order;
}

worker::ConfigSources sources(std::vector<std::string> arguments, std::string file) {
    worker::ConfigSources from{.file_name = "agent.yaml",
                               .file = std::move(file),
                               .arguments = std::move(arguments),
                               .environment = {}};
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto equals = text.find('=');
        if (equals != text.npos) {
            from.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return from;
}

// What libraries load on first use they must load now: the sandbox lets no more code in.
void warm_up() {
    addrinfo* found = nullptr;
    if (::getaddrinfo("localhost", "443", nullptr, &found) == 0) ::freeaddrinfo(found);
    ::tzset();
}

// A port that policy does not list would fail later, and without a hint.
Result<> check_ports(const worker::Config& config, const protocol::Setup& setup) {
    const auto& ports = setup.ports.items;
    // Whether that one is used depends on NO_PROXY too, as libcurl reads it.
    const bool elsewhere = std::getenv("HTTPS_PROXY") != nullptr || std::getenv("https_proxy");
    for (const auto& backend : config.backends) {
        for (auto [key, next] : worker::server_urls(backend)) {
            if (!backend.proxy.empty()) next = backend.proxy;
            const auto url = TRY(within("backend " + backend.name, worker::parse_url(next)));
            if (backend.proxy.empty() && elsewhere && url.scheme == "https") continue;
            if (std::count(ports.begin(), ports.end(), url.port) > 0) continue;
            const auto port = std::to_string(url.port);
            return fail("backend " + backend.name + ": policy lets the worker connect to no port " +
                        port +
                        "; add a line by profiles/worker.profile.d/NAME.lines: tcp-connect " +
                        port + "  # why");
        }
    }
    return {};
}

int fail_with(int code, const Error& error, const sys::Log& log) {
    log.error(error.what);
    return code;
}

}  // namespace

int main(int count, char** values) {
    const sys::Log early("worker", STDOUT_FILENO);
    std::vector<std::string> arguments(values + 1, values + count);
    // Everybody can read a command line, and an old one may hold a secret.
    for (int i = 1; i < count; ++i) std::memset(values[i], '*', std::strlen(values[i]));
    const auto order = take_order(arguments);

    worker::BrokerClient broker{link::Channel(sys::Fd(kChannelFd))};
    auto setup = broker.receive_setup();
    if (!setup) {
        std::fputs("worker: started by the broker, not by hand; see broker --help\n", stderr);
        return kBadConfiguration;
    }
    if (!order) return fail_with(kBadConfiguration, order.error(), early);
    auto text = sys::read_from_start(setup->config.fd, 1_MiB);
    if (!text) return fail_with(kBadConfiguration, text.error(), early);
    auto config = worker::parse_config(sources(std::move(arguments), *std::move(text)));
    if (!config) return fail_with(kBadConfiguration, config.error(), early);
    if (auto loaded = worker::load_files(*config); !loaded) {
        return fail_with(kBadConfiguration, loaded.error(), early);
    }
    if (auto allowed = check_ports(*config, *setup); !allowed) {
        return fail_with(kBadConfiguration, allowed.error(), early);
    }
    warm_up();
    sys::Log log("worker", STDOUT_FILENO);
    log.set_least(config->log_level);
    for (const auto& remark : config->remarks) log.warning(remark);

    auto agent = worker::Agent::create(std::move(broker), *std::move(config), *std::move(setup),
                                       order->pass, order->forced, log);
    if (!agent) return fail_with(kFailed, agent.error(), log);
    const auto code = (*agent)->run();
    return code ? *code : fail_with(kFailed, code.error(), log);
}
