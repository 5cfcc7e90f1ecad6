// Messages: what the worker's duties send to a backend and receive from it, as plain values that no
// dialect has encoded yet.
#pragma once
#include <bitset>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/parse.hpp"
#include "common/base/secret.hpp"
#include "worker/backend/dialect/answer.hpp"
#include "worker/backend/dialect/artifacts.hpp"
#include "worker/host/inventory/inventory.hpp"
#include "worker/host/inventory/network.hpp"
#include "worker/host/metrics/metrics.hpp"
#include "worker/host/scanners/finding.hpp"
#include "worker/host/system/bpf_support.hpp"
#include "worker/host/system/system_info.hpp"

namespace bulkhead::worker {

// The parts of an inventory report, in the order in which they are reported.
enum class Collection : std::uint8_t { addresses, neighbours, connections, routes };
inline constexpr std::size_t kCollections = 4;
std::string_view name_of(Collection collection);

using CollectionSet = std::bitset<kCollections>;
inline std::size_t index_of(Collection collection) { return static_cast<std::size_t>(collection); }

// Who this agent is to one backend: from enrolling, kept on disk, or from the configuration.
struct Identity {
    std::string agent_id;  // empty if the backend gives none
    Secret credential;
};

struct EnrollRequest {
    Secret install_token;
    std::string agent_id;  // if EnrollTraits::names_itself
    std::string host_id;
    std::string agent_version;
    SystemInfo system;
    Secret key;                             // EnrollDialect::make_key()
    std::optional<BpfSupport> bpf_support;  // if DialectTraits::wants_bpf_support
    Inventory inventory;                    // links and addresses, if EnrollTraits::sends_addresses
    NetworkFacts network;                   // what DialectTraits::network selects
};

// What the backend changes about inventory reports; nullopt: no change.
struct InventoryPolicyChange {
    std::optional<std::chrono::seconds> interval;
    std::optional<std::chrono::seconds> jitter;
    std::optional<std::chrono::seconds> collect_timeout;
    std::optional<std::uint64_t> max_report_bytes;
    std::optional<CollectionSet> enabled;
};

struct Enrolled {
    Identity identity;
    bool kept = false;  // the identity is of an earlier run, or of the configuration
    std::optional<std::chrono::seconds> heartbeat_interval;
    InventoryPolicyChange inventory_policy;
    // If set, the agent is not enrolled yet: this request has to be sent next, at once.
    std::function<Exchange<Enrolled>()> next;
};

// What the backend's original agent was known by, by the name of its file (OriginalFile).
using OriginalIdentity = std::map<std::string, Secret, std::less<>>;

// The same in the terms of this agent; what is empty was not there.
struct Adopted {
    std::string agent_id;  // if EnrollTraits::names_itself
    Secret key;            // EnrollDialect::make_key()
    Secret credential;
};

// Asked before the original agent is stopped, with its identity: who is this host to the backend?
struct StandingQuestion {
    Identity identity;
    Secret key;  // EnrollDialect::make_key()
    UnixTime now{};
};

struct Standing {
    enum class Kind {
        known,
        unknown,
        silent,  // the backend says nothing about it
    };
    Kind kind = Kind::silent;
    std::string text;  // a sentence for people, without what the backend said of its own accord
    // If set, nothing is known yet: this request has to be sent next, at once.
    std::function<Exchange<Standing>()> next;
};

// What a host says when it shows its backend that it is alive.
struct PresenceReport {
    UnixTime now{};             // by this host's clock
    std::string clock_trouble;  // why `now` may be wrong; empty: nothing speaks against it
    std::string host_id;
    std::string agent_version;
    SystemInfo system;
    std::optional<BpfSupport> bpf_support;  // if DialectTraits::wants_bpf_support
};

// Whether the backend knows this host.
struct Presence {
    bool known = true;
    // If set, nothing is known yet: this request has to be sent next, at once.
    std::function<Exchange<Presence>()> next;
};

// The answer to a good-bye.
struct Farewell {
    bool was_known = true;  // false: the backend had lost this host before
};

struct Confinement {
    int landlock_abi = 0;
    std::vector<std::string> missing;  // names of walls that this host lacks
};

// The end of a hash chain: of the audit log, or of the ledger.
struct ChainHead {
    std::uint64_t size = 0;  // lines or records ever written
    std::string head;        // SHA-256 of the last one, 64 hex digits
};

// What keeps jobs from starting on this host, or is no longer certain.
struct Trouble {
    std::string code;  // "ledger-lost"; never renamed
    UnixTime since{};
    std::string why;     // what it is, and what to do
    unsigned tries = 0;  // of a duty: how many have failed in a row
};

struct Heartbeat {
    std::uint64_t sequence = 0;
    UnixTime sent_at{};
    std::string agent_version;
    std::string host_id;
    std::string policy_digest;  // 64 hex digits
    std::string walls_digest;
    std::string ceiling_digest;
    bool restart_needed = false;
    Confinement confinement;
    std::optional<ChainHead> audit;
    std::optional<ChainHead> ledger;
    std::vector<Trouble> troubles;         // that root tells
    std::vector<Trouble> worker_troubles;  // of this backend's worker
    Metrics metrics;
    NetworkFacts network;        // what DialectTraits::network selects
    SystemInfo system;           // always set, for dialects that send parts in every heartbeat
    bool report_system = false;  // the whole of `system` is due in this heartbeat
    std::vector<DeliveryId> running_jobs;
    std::uint64_t unreported_jobs = 0;
};

// Something that the backend asked of this host and that the agent does not do.
struct Declined {
    std::string what;
    std::string reason;  // a stable code
    std::string detail;

    bool operator==(const Declined&) const = default;
};

struct HeartbeatReceipt {
    std::optional<std::chrono::seconds> heartbeat_interval;  // that the backend asks for: 1 s..1 h
    std::vector<Declined> declined;                          // all that is declined at present
    // All that are assigned at present; nullopt: the backend does not say.
    std::optional<std::vector<AssignedArtifact>> artifacts = {};
};

// One element of an inventory report, encoded.
struct InventoryElement {
    Collection collection{};
    std::string json;  // canonical: equal elements have equal text
};

// An inventory as one backend stores it.
struct InventoryElements {
    std::vector<InventoryElement> rows;  // in the order of Collection
    std::size_t left_out = 0;            // sockets that the backend cannot store
    std::vector<std::string> problems;   // what is left out for a reason that an operator can mend
};

struct InventoryReport {
    UnixTime observed_at{};
    std::uint64_t sequence = 0;
    bool first = false;  // the backend has no report of this agent yet
    std::string agent_version;
    // For dialects whose reports are their heartbeats.
    std::string policy_digest;  // 64 hex digits
    std::optional<ChainHead> audit;
    std::optional<ChainHead> ledger;
    std::vector<Trouble> troubles;  // that root tells
    SystemInfo system;
    std::vector<InventoryElement> elements;
};

struct InventoryReceipt {
    InventoryPolicyChange policy;
};

struct ScriptJob {
    std::string script;
    std::map<std::string, std::string> params;
};
struct CatalogueJob {
    std::string name;
    std::map<std::string, std::string> params;
};
// A job of which only the id could be read. It is reported as refused, with this reason.
struct UnusableJob {
    std::string reason;
};

struct JobOffer {
    DeliveryId id;  // as check_delivery_id() accepts it; the backend may deliver it again
    std::variant<ScriptJob, CatalogueJob, UnusableJob> work;
};

struct JobNews {
    std::optional<JobOffer> offer;
    std::vector<DeliveryId> cancels;  // running jobs to end
    bool empty() const { return !offer && cancels.empty(); }
};

enum class Stream { stdout_, stderr_, merged };

struct OutputChunk {
    DeliveryId delivery_id;
    Stream stream = Stream::stdout_;
    std::uint64_t offset = 0;
    // The bytes themselves if JobTraits::output_as_text, else a part of the spool file.
    std::variant<FileRange, std::string> data;
    // If set, the bytes from skip_from up to `offset` were dropped because the job printed more
    // than is kept.
    std::optional<std::uint64_t> skip_from;
};

struct OutputReceipt {
    std::uint64_t next_offset = 0;  // the backend has all bytes below; the next chunk begins here
};

enum class JobOutcome { finished, refused, timed_out, cancelled, interrupted, failed_to_start };
std::string_view name_of(JobOutcome outcome);

struct StreamSummary {
    std::uint64_t bytes = 0;
    std::string sha256;  // 64 hex digits
    std::uint64_t dropped = 0;
    bool incomplete = false;  // the end was not seen, or some of it is lost and not counted
};

// Stable codes of JobResult::incomplete.
inline constexpr std::string_view kOutputLost = "output-lost";
inline constexpr std::string_view kOutputRefused = "output-refused";  // by the backend
inline constexpr std::string_view kOutputCut = "output-cut";  // the job printed more than is kept

struct JobResult {
    DeliveryId delivery_id;
    JobOutcome outcome = JobOutcome::finished;
    std::optional<int> exit_code;
    std::optional<int> signal;
    std::string reason;  // a stable code, or "ok"
    std::string detail;
    std::string rule;
    std::uint64_t wall_ms = 0;
    std::uint64_t cpu_ms = 0;
    std::uint64_t max_rss_bytes = 0;
    bool oom_killed = false;
    std::uint64_t left_behind = 0;  // processes that still ran when the job ended, and were killed
    std::string left_names;         // names of the first of them: "sleep, nginx"
    bool rebooted = false;          // the job asked for a restart of the host
    std::string remarks;            // what the job ran without, and what its view lacked
    // Why the backend has not all that the job printed: one of the codes above; empty: it has.
    std::string incomplete;
    StreamSummary out;
    StreamSummary err;
    std::string last_output;  // bytes not sent as chunks, if JobTraits::last_output_in_result
};

}  // namespace bulkhead::worker
