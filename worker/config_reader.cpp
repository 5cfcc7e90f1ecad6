#include "worker/config_reader.hpp"

#include <sys/stat.h>

#include "common/base/parse.hpp"
#include "worker/config/files.hpp"
#include "worker/config/ports.hpp"
#include "worker/config/sealed_settings.hpp"
#include "worker/confine.hpp"

namespace bulkhead::worker {

namespace {

static_assert(kMaxBackends == protocol::kMaxBackends);

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
    if (entry.files.items.size() > entry.files.kMax) {
        return fail("its settings name " + std::to_string(entry.files.items.size()) +
                    " files, and root opens " + std::to_string(entry.files.kMax) +
                    " at most for a backend; leave some out, as one that stands at its default");
    }
    entry.settings.fd = TRY(seal_settings(config, backend));
    return entry;
}

}  // namespace

Result<> hand_out_settings(BrokerClient& broker, ConfigSources sources, sys::Log& log) {
    const auto order = TRY(broker.receive_first<protocol::ReadConfig>());
    TRY(within("confine", confine(order.seccomp, order.landlock)));
    // The broker opens /dev/null in place of the default file that is not there.
    struct stat info {};
    if (::fstat(order.config.fd.get(), &info) != 0) return sys::fail_errno(sources.file_name);
    if (!S_ISREG(info.st_mode)) {
        sources.file_name = "/etc/bulkhead/agent.yaml";
    } else {
        sources.file = TRY(within(sources.file_name, sys::read_from_start(order.config.fd, 1_MiB)));
    }
    const auto config = TRY(parse_config(sources));
    log.set_least(config.log_level);
    // No reason to leave the host without an agent: its worker says what it cannot reach.
    if (const auto open = check_ports(config, order.ports.items); !open) {
        for (const auto line : split(open.error().what, '\n')) {
            log.error("backend-port-closed", {{"why", line}});
        }
    }
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
