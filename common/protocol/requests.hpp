// Every request that a worker, the config reader or a loader can send to the broker. The broker
// does nothing else on behalf of another process.
#pragma once
#include "common/protocol/artifacts.hpp"

namespace bulkhead::protocol {

// A parameter of a job. The manifest declares its type; the job has its value in the environment
// variable JOB_P_<name>.
struct Param {
    Name name;
    Detail value;
    static constexpr auto fields =
        std::tuple{field("name", &Param::name), field("value", &Param::value)};
};

// How a job ended, as far as the broker can tell.
struct JobEnd {
    JobOutcome outcome{};
    std::uint8_t exit_code = 0;  // valid when signal is 0 and outcome is finished
    std::uint8_t signal = 0;     // the one that ended the job's first process; 0 if it exited
    Code reason;                 // "ok", or why the job did not finish by itself
    std::uint64_t wall_ms = 0;
    std::uint64_t cpu_us = 0;         // user and system, all processes of the job
    std::uint64_t max_rss_bytes = 0;  // of its largest process
    bool oom_killed = false;
    BoundaryText<160> detail;  // for people: the step that failed
    // Number of processes that still ran when the first one had ended by itself. They were killed.
    std::uint32_t left_behind = 0;
    BoundaryText<96> left_names;  // names of the first of these processes: "sleep, nginx"
    bool rebooted = false;        // the job asked for a restart of the host, and the host restarts
    static constexpr auto fields =
        std::tuple{field("outcome", &JobEnd::outcome),
                   field("exit_code", &JobEnd::exit_code),
                   field("signal", &JobEnd::signal),
                   field("reason", &JobEnd::reason),
                   field("wall_ms", &JobEnd::wall_ms, "milliseconds"),
                   field("cpu_us", &JobEnd::cpu_us, "microseconds, all processes of the job"),
                   field("max_rss_bytes", &JobEnd::max_rss_bytes, "bytes, largest process"),
                   field("oom_killed", &JobEnd::oom_killed),
                   field("detail", &JobEnd::detail, "the step that failed"),
                   field("left_behind", &JobEnd::left_behind,
                         "processes that still ran when the first one had ended"),
                   field("left_names", &JobEnd::left_names, "of the first of them"),
                   field("rebooted", &JobEnd::rebooted, "it asked for a restart of the host")};
};

// A job whose result the backend has not confirmed yet.
struct UnreportedJob {
    JobNumber number;
    DeliveryId delivery_id;
    JobId job_id;
    std::uint64_t output_max = 0;
    bool ended = false;
    JobEnd end;
    Remarks remarks;
    // How often it was started: twice if it went on after a restart of the host. 0: not known, for
    // the broker died with it.
    std::uint8_t runs = 0;
    // Read ends of the pipes of its last run. Absent where an earlier broker had them, and what no
    // worker had read is lost.
    std::optional<Handle> out;
    std::optional<Handle> err;
    static constexpr auto fields = std::tuple{
        field("number", &UnreportedJob::number),
        field("delivery_id", &UnreportedJob::delivery_id),
        field("job_id", &UnreportedJob::job_id),
        field("output_max", &UnreportedJob::output_max, "bytes kept of the output"),
        field("ended", &UnreportedJob::ended),
        field("end", &UnreportedJob::end),
        field("remarks", &UnreportedJob::remarks, "of a job of this broker's"),
        field("runs", &UnreportedJob::runs, "how often it was started; 0: not known"),
        field("out", &UnreportedJob::out, "read end, unless lost with an earlier broker"),
        field("err", &UnreportedJob::err, "the same")};
};
// Jobs that a broker keeps at most; it refuses another one until one of these is acknowledged.
inline constexpr std::size_t kMaxUnreported = 32;

struct HelloReply {
    Name host_id;
    Digest policy_digest{};
    Digest ceiling_digest{};
    bool restart_needed = false;
    Bounded<Label, 16> missing;  // protections in policy that this kernel cannot give
    Bounded<UnreportedJob, kMaxUnreported> jobs;
    bool jobs_known = true;
    bool fetch = true;
    static constexpr auto fields = std::tuple{
        field("host_id", &HelloReply::host_id),
        field("policy_digest", &HelloReply::policy_digest, "of the policy that decides"),
        field("ceiling_digest", &HelloReply::ceiling_digest,
              "of the policy that made root's ceiling"),
        field("restart_needed", &HelloReply::restart_needed,
              "for the ceiling, which can only fall"),
        field("missing", &HelloReply::missing, "protections this kernel cannot give"),
        field("jobs", &HelloReply::jobs, "of this worker's backend, left by the worker before"),
        field("jobs_known", &HelloReply::jobs_known,
              "false: the ledger is of a later version; nothing of the spool is to be removed"),
        field("fetch", &HelloReply::fetch, "as in FetchJobs")};
};

struct Hello {
    static constexpr Spec spec{.id = 1,
                               .name = "Hello",
                               .phase = Phase::greeting,
                               .effect = Effect::greet,
                               .max_bytes = 8,
                               .remark = "once; the broker checks the worker's confinement first"};
    using Reply = HelloReply;
    std::uint32_t version = kVersion;
    std::uint32_t landlock_abi = 0;
    static constexpr auto fields =
        std::tuple{field("version", &Hello::version, "protocol version"),
                   field("landlock_abi", &Hello::landlock_abi, "as the worker's kernel answered")};
};

struct StartReply {
    Decision decision{};
    Code reason;
    Detail detail;
    Label rule;
    JobNumber number;
    JobId job_id;
    std::uint64_t output_max = 0;
    std::uint32_t due_in_s = 0;
    std::optional<Handle> out;
    std::optional<Handle> err;
    static constexpr auto fields =
        std::tuple{field("decision", &StartReply::decision),
                   field("reason", &StartReply::reason, "stable code"),
                   field("detail", &StartReply::detail, "for people"),
                   field("rule", &StartReply::rule, "the rule that admitted it"),
                   field("number", &StartReply::number),
                   field("job_id", &StartReply::job_id),
                   field("output_max", &StartReply::output_max, "bytes kept of the output"),
                   field("due_in_s", &StartReply::due_in_s,
                         "seconds after which a job that is too early by 5 minutes at most may be "
                         "asked for again; else 0"),
                   field("out", &StartReply::out, "read end, when admitted"),
                   field("err", &StartReply::err, "read end, when admitted")};
};

struct StartJob {
    static constexpr Spec spec{.id = 2,
                               .name = "StartJob",
                               .effect = Effect::act,
                               .max_bytes = 24 * 1024,
                               .remark = "runs only if an operator approved exactly these bytes"};
    using Reply = StartReply;
    DeliveryId delivery_id;
    Streams streams{};
    Bounded<Param, 32> params;
    Handle script;
    std::optional<Handle> manifest;
    std::optional<Handle> signatures;
    static constexpr auto fields = std::tuple{
        field("delivery_id", &StartJob::delivery_id, "the backend's id; started at most once"),
        field("streams", &StartJob::streams),
        field("params", &StartJob::params, "values for the manifest's parameters"),
        field("script", &StartJob::script, "sealed memfd, at most 4 MiB"),
        field("manifest", &StartJob::manifest, "sealed memfd, at most 16 KiB"),
        field("signatures", &StartJob::signatures, "sealed memfd, armored, at most 16 KiB")};
};

struct StartCatalogueJob {
    static constexpr Spec spec{.id = 3,
                               .name = "StartCatalogueJob",
                               .effect = Effect::act,
                               .max_bytes = 24 * 1024,
                               .remark = "the script lies in policy, only parameters come in"};
    using Reply = StartReply;
    DeliveryId delivery_id;
    Streams streams{};
    Name name;
    Bounded<Param, 32> params;
    static constexpr auto fields =
        std::tuple{field("delivery_id", &StartCatalogueJob::delivery_id),
                   field("streams", &StartCatalogueJob::streams),
                   field("name", &StartCatalogueJob::name, "a row of policy/approved"),
                   field("params", &StartCatalogueJob::params)};
};

struct StatusReply {
    Status status{};
    Code reason;
    static constexpr auto fields =
        std::tuple{field("status", &StatusReply::status), field("reason", &StatusReply::reason)};
};

struct CancelJob {
    static constexpr Spec spec{.id = 4,
                               .name = "CancelJob",
                               .effect = Effect::act,
                               .max_bytes = 8,
                               .remark = "SIGTERM, the grace time, then the whole cgroup"};
    using Reply = StatusReply;
    JobNumber number;
    static constexpr auto fields = std::tuple{field("number", &CancelJob::number)};
};

struct AckJob {
    static constexpr Spec spec{.id = 5,
                               .name = "AckJob",
                               .effect = Effect::account,
                               .max_bytes = 8,
                               .remark = "the result is safely with the backend; forget its pipes"};
    using Reply = StatusReply;
    JobNumber number;
    static constexpr auto fields = std::tuple{field("number", &AckJob::number)};
};

struct JobsHeld {
    static constexpr Spec spec{
        .id = 17,
        .name = "JobsHeld",
        .effect = Effect::account,
        .max_bytes = 0,
        .remark =
            "after FetchJobs{no}: no fetch is under way, and no job that was "
            "fetched waits to be started"};
    using Reply = StatusReply;
    static constexpr auto fields = std::tuple{};
};

// Something that keeps jobs from starting, or that an operator has to know of.
struct Trouble {
    Code code;                // "ledger-lost"; never renamed
    std::uint64_t since = 0;  // seconds since 1970
    Detail why;
    static constexpr auto fields =
        std::tuple{field("code", &Trouble::code, "stable code"),
                   field("since", &Trouble::since, "seconds since 1970"),
                   field("why", &Trouble::why, "what it is, and what to do")};
};
inline constexpr std::size_t kMaxTroubles = 16;

struct HostStateReply {
    std::uint64_t audit_lines = 0;
    Digest audit_head{};
    std::uint64_t ledger_records = 0;
    Digest ledger_head{};
    Bounded<Trouble, kMaxTroubles> troubles;
    static constexpr auto fields = std::tuple{
        field("audit_lines", &HostStateReply::audit_lines, "lines ever written"),
        field("audit_head", &HostStateReply::audit_head, "SHA-256 of the last line"),
        field("ledger_records", &HostStateReply::ledger_records, "records ever written"),
        field("ledger_head", &HostStateReply::ledger_head, "digest of the last record"),
        field("troubles", &HostStateReply::troubles, "in the order in which they began")};
};

struct HostState {
    static constexpr Spec spec{.id = 6,
                               .name = "HostState",
                               .effect = Effect::observe,
                               .max_bytes = 0,
                               .remark =
                                   "goes into heartbeats, so that a cut log or ledger shows "
                                   "off-host, and into `bulkhead status`"};
    using Reply = HostStateReply;
    static constexpr auto fields = std::tuple{};
};

// One file that a row of policy/reads.policy names.
struct HostFile {
    HostPath path;
    Code reason;  // "ok", or why it was not opened
    std::optional<Handle> file;
    static constexpr auto fields =
        std::tuple{field("path", &HostFile::path), field("reason", &HostFile::reason),
                   field("file", &HostFile::file, "open for reading")};
};

struct HostFilesReply {
    Decision decision{};
    Code reason;
    Detail detail;
    Bounded<HostFile, 32> files;
    bool more = false;
    static constexpr auto fields =
        std::tuple{field("decision", &HostFilesReply::decision),
                   field("reason", &HostFilesReply::reason, "stable code"),
                   field("detail", &HostFilesReply::detail, "for people"),
                   field("files", &HostFilesReply::files, "in the order of their paths"),
                   field("more", &HostFilesReply::more, "ask again, after the last path")};
};

struct OpenHostFile {
    static constexpr Spec spec{.id = 7,
                               .name = "OpenHostFile",
                               .effect = Effect::observe,
                               .max_bytes = 1'536,
                               .remark = "read-only, and only what policy/reads.policy names"};
    using Reply = HostFilesReply;
    Name name;
    HostPath only;
    HostPath after;
    static constexpr auto fields = std::tuple{
        field("name", &OpenHostFile::name, "of file and glob rows in policy/reads.policy"),
        field("only", &OpenHostFile::only, "path or pattern that narrows the rows; empty: all"),
        field("after", &OpenHostFile::after, "go on behind this path; empty: from the first")};
};

// The reading "socket-owners" consists of one of these for each open socket of each process.
struct SocketOwner {
    std::uint64_t inode = 0;
    std::uint32_t pid = 0;
    std::array<std::byte, 16> name{};  // as in /proc/PID/comm (proc(5)), padded with zeros
    static constexpr std::string_view kReading = "socket-owners";
    static constexpr std::size_t kBytes = 28;  // encoded
    static constexpr auto fields =
        std::tuple{field("inode", &SocketOwner::inode), field("pid", &SocketOwner::pid),
                   field("name", &SocketOwner::name)};
};

struct ReadingReply {
    Decision decision{};
    Code reason;
    Detail detail;
    bool complete = false;
    std::optional<Handle> value;
    static constexpr auto fields =
        std::tuple{field("decision", &ReadingReply::decision),
                   field("reason", &ReadingReply::reason, "stable code"),
                   field("detail", &ReadingReply::detail, "for people"),
                   field("complete", &ReadingReply::complete, "false: cut at a bound"),
                   field("value", &ReadingReply::value, "sealed memfd, when admitted")};
};

struct ReadPrivileged {
    static constexpr Spec spec{.id = 8,
                               .name = "ReadPrivileged",
                               .effect = Effect::observe,
                               .max_bytes = 128,
                               .remark =
                                   "a value the broker computes, if policy/reads.policy "
                                   "has a row for it"};
    using Reply = ReadingReply;
    Name name;
    static constexpr auto fields =
        std::tuple{field("name", &ReadPrivileged::name, "of a builtin row in policy/reads.policy")};
};

struct CredentialReply {
    Code reason;
    Detail detail;
    std::optional<Handle> file;
    static constexpr auto fields =
        std::tuple{field("reason", &CredentialReply::reason, "\"ok\", or why it was not opened"),
                   field("detail", &CredentialReply::detail, "for people"),
                   field("file", &CredentialReply::file, "open for reading")};
};

struct OpenCredential {
    static constexpr Spec spec{.id = 9,
                               .name = "OpenCredential",
                               .effect = Effect::observe,
                               .max_bytes = 96,
                               .remark = "a file that agent.yaml names for this backend, again"};
    using Reply = CredentialReply;
    Code key;
    static constexpr auto fields =
        std::tuple{field("key", &OpenCredential::key, "the setting that names it")};
};

using Requests = MessageList<Hello, StartJob, StartCatalogueJob, CancelJob, AckJob, HostState,
                             OpenHostFile, ReadPrivileged, OpenCredential, OfferArtifact,
                             ListArtifacts, KernelFeatures, JobsHeld>;

// A file that a backend's settings name. The broker opens it if policy/credentials.policy allows
// it.
struct BackendFile {
    Code key;
    CredentialPath path;
    bool may_be_absent = false;
    static constexpr auto fields = std::tuple{
        field("key", &BackendFile::key, "the setting that names it"),
        field("path", &BackendFile::path), field("may_be_absent", &BackendFile::may_be_absent)};
};

inline constexpr std::size_t kMaxBackends = 16;
inline constexpr std::size_t kMaxBackendFiles = 8;
inline constexpr std::size_t kMaxSettings = 64 * 1024;  // bytes, for one backend

struct BackendEntry {
    BackendName name;
    Name dialect;
    Bounded<BackendFile, kMaxBackendFiles> files;
    Handle settings;
    static constexpr auto fields = std::tuple{
        field("name", &BackendEntry::name, "[a-z0-9][a-z0-9-]{0,31}, each its own"),
        field("dialect", &BackendEntry::dialect), field("files", &BackendEntry::files),
        field("settings", &BackendEntry::settings, "sealed memfd, at most 64 KiB, its alone")};
};

struct ConfiguredReply {
    Status status{};
    Code reason;
    Detail detail;
    static constexpr auto fields =
        std::tuple{field("status", &ConfiguredReply::status),
                   field("reason", &ConfiguredReply::reason, "stable code"),
                   field("detail", &ConfiguredReply::detail, "for people")};
};

// The one request of the config reader, a process without network that has read agent.yaml.
struct Configured {
    static constexpr Spec spec{.id = 10,
                               .name = "Configured",
                               .phase = Phase::greeting,
                               .effect = Effect::greet,
                               .max_bytes = 32 * 1024,
                               .remark = "once, before any backend is heard; then it exits"};
    using Reply = ConfiguredReply;
    Bounded<BackendEntry, kMaxBackends> backends;
    static constexpr auto fields = std::tuple{field("backends", &Configured::backends)};
};

using ReaderRequests = MessageList<Configured>;

}  // namespace bulkhead::protocol
