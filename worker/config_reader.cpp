#include "worker/config_reader.hpp"

#include <algorithm>

#include "common/policy/connect.hpp"
#include "worker/backend/http/url.hpp"
#include "worker/config/files.hpp"
#include "worker/config/sealed_settings.hpp"
#include "worker/confine.hpp"

namespace bulkhead::worker {

namespace {

static_assert(kMaxBackends == protocol::kMaxBackends);

// Collects the errors of all backends into one, a line each.
class Problems {
  public:
    void add(const Result<>& done) {
        if (!done) all_ += (all_.empty() ? "" : "\n") + done.error().what;
    }
    Result<> result() const { return all_.empty() ? Result<>() : fail(all_); }

  private:
    std::string all_;
};

Result<protocol::BackendEntry> entry_of(const Config& config, const BackendConfig& backend) {
    protocol::BackendEntry entry;
    entry.name = TRY(protocol::BackendName::create(backend.name));
    entry.dialect = TRY(protocol::Name::create(backend.dialect));
    for (const auto& file : named_files(backend)) {
        entry.files.items.push_back(
            {.key = TRY(protocol::Code::create(file.key)),
             .path = TRY(within(file.key, protocol::CredentialPath::create(file.path))),
             .may_be_absent = file.may_be_absent});
    }
    if (entry.files.items.size() > entry.files.kMax) return fail("names too many files");
    entry.settings.fd = TRY(seal_settings(config, backend));
    return entry;
}

}  // namespace

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

Result<> hand_out_settings(BrokerClient& broker, ConfigSources sources, sys::Log& log) {
    const auto order = TRY(broker.receive_first<protocol::ReadConfig>());
    TRY(within("confine", confine(order.seccomp, order.landlock)));
    sources.file = TRY(within(sources.file_name, sys::read_from_start(order.config.fd, 1_MiB)));
    const auto config = TRY(parse_config(sources));
    TRY(check_ports(config, order.ports.items));
    log.set_least(config.log_level);
    for (const auto& remark : config.remarks)
        log.warning("configuration-remark", {{"why", remark}});
    protocol::Configured configured;
    Problems problems;
    for (const auto& backend : config.backends) {
        auto entry = within("backend " + backend.name, entry_of(config, backend));
        problems.add(entry ? Result<>() : std::unexpected(entry.error()));
        if (entry) configured.backends.items.push_back(*std::move(entry));
    }
    TRY(problems.result());
    const auto reply = TRY(broker.call(configured));
    if (reply.status == protocol::Status::done) return {};
    return fail(reply.reason.str() + ": " + reply.detail.str());
}

}  // namespace bulkhead::worker
