// What the broker may say unasked.
#pragma once
#include "common/protocol/requests.hpp"

namespace bulkhead::protocol {

// The first frame of all: what the worker needs to close its own doors, made from policy by the
// broker. The worker reads no policy and opens none of these itself.
struct Setup {
    static constexpr Spec spec{.id = 129,
                               .name = "Setup",
                               .phase = Phase::greeting,
                               .max_bytes = 4096,
                               .remark = "first of all"};
    Mode mode{};
    Handle config;                   // agent.yaml, read-only
    Handle state;                    // the worker's own directory
    Handle seccomp;                  // sealed memfd of sock_filter instructions
    std::optional<Handle> landlock;  // ruleset, absent when the kernel has none
    std::optional<Handle> status;    // listening Unix socket
    Bounded<std::uint16_t, 64> ports;
    static constexpr auto fields = std::tuple{
        field("mode", &Setup::mode, "keep serving, or one pass"),
        field("config", &Setup::config, "agent.yaml, read-only"),
        field("state", &Setup::state, "the worker's directory"),
        field("seccomp", &Setup::seccomp, "sealed memfd: BPF made from policy/seccomp"),
        field("landlock", &Setup::landlock, "ruleset made from policy/worker.landlock"),
        field("status", &Setup::status, "listening socket for `bulkhead status`"),
        field("ports", &Setup::ports, "TCP ports that policy lets the worker connect to")};
};

struct JobExited {
    static constexpr Spec spec{
        .id = 130, .name = "JobExited", .max_bytes = 768, .remark = "to be acknowledged by AckJob"};
    JobNumber number;
    JobEnd end;
    Remarks remarks;
    static constexpr auto fields = std::tuple{
        field("number", &JobExited::number), field("end", &JobExited::end),
        field("remarks", &JobExited::remarks, "what its profile ran without, or does not see")};
};

struct PolicyReloaded {
    static constexpr Spec spec{.id = 131,
                               .name = "PolicyReloaded",
                               .max_bytes = 64,
                               .remark = "after SIGHUP, whether policy changed or not"};
    Digest policy_digest{};
    std::optional<Handle> log;
    static constexpr auto fields =
        std::tuple{field("policy_digest", &PolicyReloaded::policy_digest, "of the one in force"),
                   field("log", &PolicyReloaded::log, "the log file, opened again")};
};

struct Shutdown {
    static constexpr Spec spec{.id = 132, .name = "Shutdown", .max_bytes = 4, .remark = ""};
    std::uint32_t grace_ms = 0;
    static constexpr auto fields = std::tuple{
        field("grace_ms", &Shutdown::grace_ms, "then the worker is killed; jobs are ending too")};
};

using Events = MessageList<Setup, JobExited, PolicyReloaded, Shutdown>;

}  // namespace bulkhead::protocol
