#include "broker/config_reader.hpp"

#include <sys/wait.h>

#include "broker/exit_status.hpp"
#include "broker/handlers/dispatch.hpp"
#include "broker/host.hpp"
#include "broker/processes/peer.hpp"

namespace bulkhead::broker {

namespace {

constexpr const char* kName = "config-reader";
constexpr std::chrono::seconds kToLeave{5};  // from the reader's answer to its exit

Result<protocol::ReadConfig> to_read(const Options& options, const ConfinedProcess& process,
                                     const Context& broker) {
    const auto& policy = *broker.policy;
    protocol::ReadConfig event;
    event.config.fd = TRY(open_config(options.config));
    event.seccomp.fd = TRY(sandbox::to_memfd(policy.filter_of(kName)));
    event.landlock =
        TRY(ruleset_of(policy.policy.part(kName), {}, process.proc(), broker.landlock_abi));
    event.ports.items = policy.policy.part("worker").ports;
    return event;
}

}  // namespace

Result<std::vector<protocol::BackendEntry>> read_config(const Options& options,
                                                        const PartGround& ground,
                                                        const CgroupTree& cgroups,
                                                        Context& broker) {
    const auto& profile = broker.policy->policy.part(kName);
    const auto cgroup = TRY(cgroups.make(kName, profile.limits));
    auto plan = plan_of(profile, kName, ground);
    plan.arguments = {"bulkhead-worker", "--read-config"};
    plan.arguments.insert(plan.arguments.end(), options.settings.begin(), options.settings.end());
    plan.environment = environment_for_settings();
    plan.user = TRY(input(within("--config-user, made by: systemd-sysusers bulkhead.conf",
                                 sandbox::find_user(options.config_user))));
    plan.network = false;
    plan.cgroup = cgroup.fd();

    auto loop = TRY(sys::Loop::create());
    std::vector<protocol::BackendEntry> backends;
    std::string refused;
    std::optional<int> status;
    std::unique_ptr<Peer> peer = TRY(Peer::start(
        loop, broker.log, plan, {.rows = profile.paths, .greeting = profile.greeting, .sharers = 1},
        {.answer =
             [&](link::Packet& packet, Gate& gate) {
                 Reader reader{peer->process(), backends, refused};
                 return dispatch<protocol::ReaderRequests>(packet, gate, reader, broker);
             },
         .greeted = [&] { peer->kill_after(kToLeave); },
         .failed =
             [&](Peer::Fault, const Error& error) {
                 refused = error.what;
                 note(broker, "protocol-violation", {{"process", kName}, {"what", error.what}});
             },
         .ended = [&](int how) { status = how; }}));
    TRY(within(kName, cgroups.require_in(kName, peer->process().pid())));
    TRY(peer->begin(TRY(to_read(options, peer->process(), broker))));
    while (!status) TRY(loop.step(sys::Clock::duration::max()));
    if (!refused.empty()) return fail(std::string(kName) + ": " + refused);
    if (WIFEXITED(*status) && WEXITSTATUS(*status) == kBadUsage) {
        return fail("the settings are wrong, as the config reader says", Error::Kind::wrong_input);
    }
    if (*status != 0 || backends.empty()) return fail(std::string(kName) + " ended too early");
    return backends;
}

}  // namespace bulkhead::broker
