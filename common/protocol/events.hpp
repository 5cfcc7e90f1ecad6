// Events: the messages that the broker sends without a request.
#pragma once
#include "common/protocol/requests.hpp"

namespace bulkhead::protocol {

// A file that a backend's settings name, opened by the broker.
struct NamedFile {
    Code key;
    Code reason;
    std::optional<Handle> file;
    static constexpr auto fields =
        std::tuple{field("key", &NamedFile::key, "the setting that names it"),
                   field("reason", &NamedFile::reason, "\"ok\", or why it was not opened"),
                   field("file", &NamedFile::file, "open for reading")};
};

// The first frame to a worker: the descriptors that it works with, and the seccomp filter and the
// Landlock ruleset for its own confinement. The broker makes them from policy; the worker reads no
// policy and opens none of these files.
struct Setup {
    static constexpr Spec spec{.id = 129,
                               .name = "Setup",
                               .phase = Phase::greeting,
                               .max_bytes = 4096,
                               .remark = "first of all"};
    Mode mode{};
    Digest walls_digest{};
    BackendName backend;             // the backend that the worker serves
    Handle settings;                 // sealed memfd with this backend's part of agent.yaml
    Handle state;                    // the worker's state directory
    Handle seccomp;                  // sealed memfd of sock_filter instructions
    std::optional<Handle> landlock;  // ruleset; absent if the kernel has no Landlock
    std::optional<Handle> status;    // listening Unix socket
    Bounded<std::uint16_t, 64> ports;
    bool egress = false;
    Bounded<NamedFile, kMaxBackendFiles> files;
    static constexpr auto fields = std::tuple{
        field("mode", &Setup::mode, "keep serving, or one pass"),
        field("walls_digest", &Setup::walls_digest, "of the policy that these walls are made of"),
        field("backend", &Setup::backend, "the one it serves"),
        field("settings", &Setup::settings, "sealed memfd, as the config reader wrote it"),
        field("state", &Setup::state, "the worker's directory"),
        field("seccomp", &Setup::seccomp, "sealed memfd: BPF made from policy/seccomp"),
        field("landlock", &Setup::landlock, "ruleset made from its profile"),
        field("status", &Setup::status, "listening socket for `bulkhead status`"),
        field("ports", &Setup::ports, "TCP ports that policy lets the worker connect to"),
        field("egress", &Setup::egress, "its connections are held to addresses, too"),
        field("files", &Setup::files, "that its settings name")};
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
                               .max_bytes = 96,
                               .remark = "after SIGHUP, whether policy changed or not"};
    Digest policy_digest{};
    Digest ceiling_digest{};
    bool restart_needed = false;
    static constexpr auto fields = std::tuple{
        field("policy_digest", &PolicyReloaded::policy_digest, "of the policy that decides"),
        field("ceiling_digest", &PolicyReloaded::ceiling_digest,
              "of the policy that made root's ceiling"),
        field("restart_needed", &PolicyReloaded::restart_needed,
              "for the ceiling, which can only fall")};
};

struct Shutdown {
    static constexpr Spec spec{.id = 132, .name = "Shutdown", .max_bytes = 4, .remark = ""};
    std::uint32_t grace_ms = 0;
    static constexpr auto fields = std::tuple{
        field("grace_ms", &Shutdown::grace_ms, "then the worker is killed; jobs are ending too")};
};

// The only frame to the config reader; it has the purpose that Setup has for a worker.
struct ReadConfig {
    static constexpr Spec spec{.id = 133,
                               .name = "ReadConfig",
                               .phase = Phase::greeting,
                               .max_bytes = 192,
                               .remark = "to the config reader, first of all"};
    Handle config;
    Handle seccomp;
    std::optional<Handle> landlock;
    Bounded<std::uint16_t, 64> ports;
    static constexpr auto fields = std::tuple{
        field("config", &ReadConfig::config, "agent.yaml, read-only"),
        field("seccomp", &ReadConfig::seccomp, "sealed memfd: BPF made from policy/seccomp"),
        field("landlock", &ReadConfig::landlock, "ruleset made from its profile"),
        field("ports", &ReadConfig::ports, "TCP ports that policy lets workers connect to")};
};

struct Ping {
    static constexpr Spec spec{.id = 134,
                               .name = "Ping",
                               .max_bytes = 0,
                               .remark =
                                   "each 30 s; any request answers it. A worker that has not "
                                   "answered two is replaced"};
    static constexpr auto fields = std::tuple{};
};

// Jobs that are not fetched stay queued at the backend: none is refused.
struct FetchJobs {
    static constexpr Spec spec{.id = 138,
                               .name = "FetchJobs",
                               .max_bytes = 1,
                               .remark = "before the broker ends for another one, or not any more"};
    bool fetch = true;
    static constexpr auto fields = std::tuple{field(
        "fetch", &FetchJobs::fetch, "no: fetch none, and say JobsHeld once none is on its way")};
};

using Events = MessageList<Setup, JobExited, PolicyReloaded, Shutdown, ReadConfig, Ping,
                           ArtifactChanged, LoadArtifact, ProbeKernel, FetchJobs>;

}  // namespace bulkhead::protocol
