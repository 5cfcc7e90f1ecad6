// Dialect: the protocol of one kind of backend. It turns the messages of duties into HTTP requests,
// and HTTP answers into Answers. A dialect uses no file, socket or clock.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "worker/backend/dialect/answer.hpp"
#include "worker/backend/dialect/messages.hpp"

namespace bulkhead::worker {

struct EnrollTraits {
    // The backend may have spent the install token in a request that it refused, so a refusal is
    // final.
    bool spends_token = false;
    // Enrolling again yields another credential. If not, only an operator can renew one that was
    // rejected.
    bool gives_again = true;
    bool names_itself = false;     // the agent chooses its own id, a UUID, before it enrolls
    bool sends_addresses = false;  // EnrollRequest::inventory has links and addresses
    // The least time between two tries after a failure of a kind other than retry; 0: that after
    // any failure.
    std::chrono::seconds pause_after_refusal{0};
};

// Enrolling: the agent exchanges an install token or a key of its own for an Identity.
class EnrollDialect {
  public:
    virtual ~EnrollDialect() = default;
    virtual EnrollTraits enroll_traits() const { return {}; }
    virtual Exchange<Enrolled> enroll(const EnrollRequest& request) const = 0;
    virtual bool needs_token() const { return true; }
    // A key of the host's own by which the backend knows it: it is made once, kept on disk, and
    // checked when it is read again. Empty: the dialect has no such key.
    virtual Result<Secret> make_key() const { return Secret(); }
    virtual Result<> check_key(const Secret&) const { return {}; }
    // The identity of the original agent, from its files. An error: they are damaged, or a part is
    // missing without which the rest is of no use.
    virtual Result<Adopted> adopt(const OriginalIdentity&) const { return Adopted{}; }
    // Whether enrolling again with this key gives `identity` its id again. It is then done at each
    // start, so that the backend knows this host as it is now. If not, the identity is kept until
    // the backend has lost it.
    virtual bool renews(const Identity& identity, const Secret& key) const {
        (void)identity, (void)key;
        return false;
    }
};

// Shows the backend that an enrolled host is alive where no other message does, and learns whether
// the backend still knows the host: its memory may be shorter than an enrollment.
class PresenceDialect {
  public:
    virtual ~PresenceDialect() = default;
    virtual std::chrono::seconds interval() const { return std::chrono::seconds(60); }
    virtual Exchange<Presence> presence(const Identity& identity,
                                        const PresenceReport& report) const = 0;
};

struct JobTraits {
    bool long_polls = false;  // the backend may hold next_job() back until it has a job
    // After each accepted heartbeat the agent fetches one job after the other until there is none.
    // Without this it polls independently of heartbeats.
    bool drains_after_heartbeat = false;
    bool merged_output = false;   // one stream has stdout and stderr in order of arrival
    bool output_as_text = false;  // chunks hold bytes in memory, and no cut UTF-8 character
    // A chunk names its offset, and the answer the offset to go on from. Without this, the next
    // chunk follows when this one was accepted.
    bool output_by_offset = false;
    bool last_output_in_result = false;               // JobResult::last_output is sent
    std::chrono::milliseconds flush_interval{1'000};  // between two chunks that are not full
    std::uint64_t max_chunk_bytes = 1_MiB;
    std::chrono::seconds default_timeout = std::chrono::minutes(15);  // of a job that names none
};

class JobDialect {
  public:
    virtual ~JobDialect() = default;
    virtual const JobTraits& traits() const = 0;
    // `system` is for backends that know a node by its host name. `wait`, for how long the backend
    // may hold the request back, is used only with JobTraits::long_polls.
    virtual Exchange<JobNews> next_job(const Identity& identity, const SystemInfo& system,
                                       std::chrono::seconds wait) const = 0;
    virtual Exchange<OutputReceipt> output(const Identity& identity, OutputChunk chunk) const = 0;
    virtual Exchange<> result(const Identity& identity, const JobResult& result) const = 0;
};

class FindingsDialect {
  public:
    virtual ~FindingsDialect() = default;
    // True: a report is the whole set, and the backend resolves a finding that it lacks, so an
    // empty report is sent too. False: an empty report is not sent, and the backend drops old
    // findings by itself.
    virtual bool takes_whole_set() const = 0;
    virtual Exchange<> findings(const Identity& identity, const SystemInfo& system,
                                const std::vector<Finding>& findings) const = 0;
};

struct InventoryTraits {
    // The first four hold until InventoryPolicyChange replaces them.
    std::chrono::seconds interval = std::chrono::hours(1);
    std::chrono::seconds jitter = std::chrono::minutes(5);
    std::chrono::seconds collect_timeout{15};  // for each netlink dump
    std::uint64_t max_report_bytes = 256_KiB;
    // The interval of the timer that starts `--once` runs: a run reports without waiting if the
    // report interval is not longer than this.
    std::chrono::seconds timer_interval = std::chrono::minutes(15);
    std::uint64_t envelope_bytes = 4_KiB;  // at most, of a report without its elements
    // In one report. A backend may take some ten milliseconds to look up and store each, and has to
    // answer before the request times out.
    std::size_t max_elements = 500;
};

class InventoryDialect {
  public:
    virtual ~InventoryDialect() = default;
    virtual const InventoryTraits& traits() const = 0;
    // The elements that this backend stores, in the order of Collection. A list that is absent in
    // `inventory` gives none.
    virtual InventoryElements elements(const Inventory& inventory) const = 0;
    // `report` has new elements only: the backend adds them to those it has.
    virtual Exchange<InventoryReceipt> report(const Identity& identity,
                                              const InventoryReport& report) const = 0;
};

// How often a heartbeat is sent again after Failure::Kind::retry.
struct Retries {
    std::chrono::milliseconds first{};  // before the first; each further pause is twice as long
    unsigned most = 0;                  // retries of one heartbeat; 0: only the next one is tried
};

struct DialectTraits {
    bool heartbeats = true;  // false: the backend takes inventory reports for them
    std::chrono::seconds heartbeat_interval = std::chrono::seconds(60);  // unless configured
    // Heartbeat::report_system is set in the first heartbeat and once in this time.
    std::chrono::seconds system_info_interval = std::chrono::hours(24);
    // A backend that does not enroll needs a credential from the configuration.
    bool wants_credential = true;
    bool wants_bpf_support = false;  // in EnrollRequest
    // False: no report carries anything of the identity. Reports do not wait until the host is
    // enrolled, and answers to them say nothing about it.
    bool reports_name_agent = true;
    bool first_after_interval = false;  // false: the first heartbeat is sent at once
    // True if a heartbeat must hold a CPU percentage: the first one then waits until there is one.
    bool needs_cpu_percent = false;
    // nullopt: a heartbeat is sent once more before the next is due, with jitter.
    std::optional<Retries> retries;
    // While the credential is rejected, the pauses double up to this; 0: they stay the interval.
    std::chrono::seconds longest_rejected_pause = std::chrono::minutes(5);
    // For the log line about a rejected credential: its name at this backend, and the advice.
    std::string_view credential_name = "credential";
    std::string_view rejection_hint = "ask an admin for a new install token";
    NetworkWish network;  // what is read for enrolling and for each heartbeat
};

class Dialect {
  public:
    virtual ~Dialect() = default;
    virtual const DialectTraits& traits() const = 0;
    // Called only if DialectTraits::heartbeats.
    virtual Exchange<HeartbeatReceipt> heartbeat(const Identity&, const Heartbeat&) const {
        return {};
    }
    // The request that answers the question, registers nothing and leaves to the original agent
    // what it relies on. nullopt: this backend has no such request.
    virtual std::optional<Exchange<Standing>> ask_standing(const StandingQuestion&) const {
        return std::nullopt;
    }
    // The request after which the backend no longer counts this host among its agents and takes
    // `identity` no more. nullopt: this backend has no such request.
    virtual std::optional<Exchange<Farewell>> say_good_bye(const Identity&) const {
        return std::nullopt;
    }
    // Each is null if the backend does not offer it.
    virtual const EnrollDialect* enrollment() const { return nullptr; }
    virtual const PresenceDialect* presence() const { return nullptr; }
    virtual const JobDialect* jobs() const { return nullptr; }
    virtual const FindingsDialect* findings() const { return nullptr; }
    virtual const InventoryDialect* inventory() const { return nullptr; }
    virtual const ArtifactDialect* artifacts() const { return nullptr; }
};

}  // namespace bulkhead::worker
