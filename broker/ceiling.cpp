#include "broker/ceiling.hpp"

#include "broker/host.hpp"
#include "broker/own_accounts.hpp"
#include "broker/processes/part.hpp"
#include "common/policy/judge.hpp"
#include "common/sandbox/walls.hpp"

namespace bulkhead::broker {

namespace {

// A digest over all that the ceiling is made of: the capabilities a new process would keep, those
// in force, and the filter.
crypto::Digest made_of(const ReadyPolicy& policy, const Ceiling& ceiling) {
    const auto& own = policy.policy.part("broker");
    auto capabilities = own.capabilities | own.in_force | (own.wished & ceiling.capabilities);
    for (const auto& [name, profile] : policy.policy.profiles) capabilities |= profile.capabilities;
    // Also those that this process gave up at its start: a restart would have them.
    capabilities |= loader_capabilities(policy.policy) & ceiling.reachable;
    ByteWriter all;
    all.integer(capabilities);
    all.integer(own.in_force);
    all.integer(own.limits.open_files);
    all.integer(own.umask);
    all.put(std::as_bytes(std::span(policy.filter_of("broker"))));
    return crypto::sha256(all.bytes());
}

}  // namespace

Result<> require_possible(const policy::Policy& policy, const Options& options,
                          std::span<const std::string> missing, std::uint64_t reachable,
                          int landlock_abi) {
    const auto user_id = [](const std::string& name) -> std::optional<std::uint32_t> {
        const auto user = sandbox::find_user(name);
        return user ? std::optional(user->uid) : std::nullopt;
    };
    const policy::HostFacts host{.missing = {missing.begin(), missing.end()},
                                 .capabilities = reachable,
                                 .ours = own_accounts(options),
                                 .user_id = user_id};
    TRY(within(options.policy, policy::require_sound(policy, &host)));
    TRY(ruleset_of(policy.part("worker"), {}, -1, landlock_abi));
    return {};
}

Result<Ceiling> ceiling_for(const ReadyPolicy& policy, std::uint64_t reachable) {
    Ceiling ceiling{.digest = policy.policy.digest};
    ceiling.capabilities = TRY(ceiling_of(policy.policy, reachable));
    ceiling.reachable = reachable;
    ceiling.made_of = made_of(policy, ceiling);
    return ceiling;
}

Result<> install_ceiling(const ReadyPolicy& policy) {
    const auto status = TRY(sandbox::own_status());
    return within("broker ceiling", sandbox::raise_filter(policy.filter_of("broker"), status));
}

Result<> give_up_capabilities(const ReadyPolicy& policy, const Ceiling& ceiling) {
    return within("broker",
                  sandbox::lower_to(ceiling.capabilities, policy.policy.part("broker").in_force));
}

bool wants_other(const ReadyPolicy& policy, const Ceiling& ceiling) {
    return made_of(policy, ceiling) != ceiling.made_of;
}

}  // namespace bulkhead::broker
