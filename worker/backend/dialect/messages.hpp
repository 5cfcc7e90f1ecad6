// What the worker's duties want to say to a backend and may hear from it, as plain values.
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
#include "worker/host/inventory/inventory.hpp"
#include "worker/host/inventory/network.hpp"
#include "worker/host/metrics/metrics.hpp"
#include "worker/host/scanners/finding.hpp"
#include "worker/host/system/bpf_support.hpp"
#include "worker/host/system/system_info.hpp"

namespace bulkhead::worker {

// The parts of an inventory that a backend may want or not, and in which order they are reported.
enum class Collection : std::uint8_t { addresses, neighbours, connections, routes };
inline constexpr std::size_t kCollections = 4;
std::string_view name_of(Collection collection);

using CollectionSet = std::bitset<kCollections>;
inline std::size_t index_of(Collection collection) { return static_cast<std::size_t>(collection); }

// Who we are to one backend: kept on disk once enrolled, from the configuration otherwise.
struct Identity {
    std::string agent_id;  // empty where the backend gives none
    Secret credential;
};

struct EnrollRequest {
    Secret install_token;
    std::string agent_id;  // where EnrollTraits::names_itself
    std::string host_id;
    std::string agent_version;
    SystemInfo system;
    Secret key;                             // EnrollDialect::make_key()
    std::optional<BpfSupport> bpf_support;  // where DialectTraits want them
    Inventory inventory;   // links and addresses, where EnrollTraits::sends_addresses
    NetworkFacts network;  // what DialectTraits ask for
};

// What the backend wants of inventory reports; it says only what it wants changed.
struct InventoryPolicyChange {
    std::optional<std::chrono::seconds> interval;
    std::optional<std::chrono::seconds> jitter;
    std::optional<std::chrono::seconds> collect_timeout;
    std::optional<std::uint64_t> max_report_bytes;
    std::optional<CollectionSet> enabled;
};

struct Enrolled {
    Identity identity;
    std::optional<std::chrono::seconds> heartbeat_interval;
    InventoryPolicyChange inventory_policy;
    // Not enrolled yet: this has to be asked next, at once.
    std::function<Exchange<Enrolled>()> next;
};

struct Confinement {
    int landlock_abi = 0;
    std::vector<std::string> missing;  // what this kernel could not give
};

struct AuditHead {
    std::uint64_t size = 0;
    std::string head;  // 64 hex digits
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
    std::optional<AuditHead> audit;
    Metrics metrics;
    NetworkFacts network;        // what DialectTraits ask for
    SystemInfo system;           // always known; a dialect takes the parts it always sends
    bool report_system = false;  // the whole of it is due in this heartbeat
    std::vector<DeliveryId> running_jobs;
    std::uint64_t unreported_jobs = 0;
};

// Something that the backend wants of this host and does not get.
struct Declined {
    std::string what;
    std::string reason;  // a stable code
    std::string detail;

    bool operator==(const Declined&) const = default;
};

struct HeartbeatReceipt {
    std::optional<std::chrono::seconds> heartbeat_interval;  // asked for, within 1 s .. 1 h
    std::vector<Declined> declined;                          // all that it wants as of now
};

// A part of the inventory as the backend gets it, ready to be put into a report.
struct InventoryElement {
    Collection collection{};
    std::string json;  // canonical: the same thing is the same text
};

struct InventoryReport {
    UnixTime observed_at{};
    std::uint64_t sequence = 0;
    bool first = false;  // the backend has none of ours yet
    std::string agent_version;
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
// The id could be read and the rest could not: it is reported as refused, with this reason.
struct UnusableJob {
    std::string reason;
};

struct JobOffer {
    DeliveryId id;  // of printable UTF-8; may be handed out again
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
    // A file range where JobTraits::output_as_text is false, else the octets themselves.
    std::variant<FileRange, std::string> data;
    // Bytes skip_from .. offset were dropped here: more output than is kept.
    std::optional<std::uint64_t> skip_from;
};

struct OutputReceipt {
    std::uint64_t next_offset = 0;  // the backend holds everything below; go on from here
};

enum class JobOutcome { finished, refused, timed_out, cancelled, interrupted, failed_to_start };
std::string_view name_of(JobOutcome outcome);

struct StreamSummary {
    std::uint64_t bytes = 0;
    std::string sha256;  // 64 hex digits
    std::uint64_t dropped = 0;
};

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
    std::uint64_t left_behind = 0;  // processes that still ran when the job ended, and were ended
    std::string left_names;         // of the first of them: "sleep, nginx"
    bool rebooted = false;          // it asked for a restart of the host
    std::string remarks;            // what it ran without, or did not see
    StreamSummary out;
    StreamSummary err;
    std::string last_output;  // what was not flushed yet, where JobTraits::last_output_in_result
};

}  // namespace bulkhead::worker
