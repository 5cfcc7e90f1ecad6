#include "broker/processes/part.hpp"

#include "common/policy/connect.hpp"
#include "common/sandbox/landlock.hpp"

namespace bulkhead::broker {

ProcessPlan plan_of(const policy::Profile& part, std::string name, const PartGround& ground) {
    ProcessPlan plan;
    plan.name = std::move(name);
    plan.program = ground.program;
    plan.limits = part.limits;
    plan.capabilities = part.capabilities;
    plan.umask = part.umask;
    plan.own_view = ground.own_view;
    plan.limit_threads_by_user = ground.limit_threads_by_user;
    return plan;
}

Result<std::optional<protocol::Handle>> ruleset_of(const policy::Profile& part,
                                                   std::span<const int> writable, int proc,
                                                   int landlock_abi) {
    auto ports = part.ports;
    if (!ports.empty()) ports.push_back(policy::kNamePort);  // answers too large for a datagram
    auto ruleset =
        TRY(within(part.source.file,
                   sandbox::make_ruleset({.paths = part.paths,
                                          .writable = writable,
                                          .proc = proc,
                                          .tcp_connect = std::span<const std::uint16_t>(ports)},
                                         landlock_abi)));
    std::optional<protocol::Handle> handle;
    if (ruleset) handle.emplace(*std::move(ruleset));
    return handle;
}

crypto::Digest walls_of_workers(const ReadyPolicy& policy) {
    const auto& part = policy.policy.part("worker");
    ByteWriter all;
    const auto number = [&](auto value) { all.integer(static_cast<std::uint64_t>(value)); };
    const auto text = [&](std::string_view value) {
        number(value.size());
        all.put(as_bytes(value));
    };
    text(policy.policy.host.id);
    number(part.paths.size());
    for (const auto& row : part.paths) {
        number(row.access);
        number(row.if_present);
        text(row.path);
    }
    number(part.ports.size());
    for (const auto port : part.ports) number(port);
    number(part.connects.size());
    for (const auto& row : part.connects) {
        all.put(std::as_bytes(std::span(row.network)));
        number(row.prefix);
        number(row.port);
    }
    number(policy.policy.waivers.size());
    for (const auto& waiver : policy.policy.waivers) text(waiver.wall);
    const auto& limits = part.limits;
    for (const auto one : {limits.memory, limits.file_size, limits.locked_memory, limits.state}) {
        number(one);
    }
    for (const auto one : {limits.pids, limits.cpu_percent, limits.open_files, part.umask}) {
        number(one);
    }
    number(part.greeting.count());
    all.put(std::as_bytes(std::span(policy.filter_of("worker"))));
    return crypto::sha256(all.bytes());
}

}  // namespace bulkhead::broker
