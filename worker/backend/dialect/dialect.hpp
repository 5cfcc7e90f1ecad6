// A backend's way of speaking: a duty's value becomes a request, an answer becomes a verdict.
// Dialects are pure: no file, no socket, no clock; several are in use at once and share nothing.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "worker/backend/dialect/answer.hpp"
#include "worker/backend/dialect/messages.hpp"

namespace bulkhead::worker {

struct EnrollTraits {
    // The token may be spent by a request that was refused, so a refusal is final.
    bool spends_token = false;
    // Enrolling once more brings another credential; else only an operator can help when it is
    // rejected.
    bool gives_again = true;
    bool names_itself = false;  // the agent makes up its own id, a UUID, before it enrolls
    bool sends_addresses = false;
    // Between tries once the backend said no, or not yet; 0: as after any other failure.
    std::chrono::seconds patience{0};
};

// An install token becomes an identity.
class EnrollDialect {
  public:
    virtual ~EnrollDialect() = default;
    virtual EnrollTraits enroll_traits() const { return {}; }
    virtual Exchange<Enrolled> enroll(const EnrollRequest& request) const = 0;
    virtual bool needs_token() const { return true; }
    // For a backend that knows a host by a key of the host's own: made once, kept on disk, checked
    // when it is read again. Empty where there is none.
    virtual Result<Secret> make_key() const { return Secret(); }
    virtual Result<> check_key(const Secret&) const { return {}; }
};

struct JobTraits {
    bool long_polls = false;  // next_job() may wait at the backend
    // Ask again and again after each delivered heartbeat until there is nothing; one job at a time.
    bool drains_after_heartbeat = false;
    bool merged_output = false;   // one stream; stdout and stderr in order of arrival
    bool output_as_text = false;  // chunks carry octets in memory and end at a character's border
    // Chunks may be sent again: the backend knows offsets. Else each is sent until delivered once.
    bool output_by_offset = false;
    bool last_output_in_result = false;
    std::chrono::milliseconds flush_interval{1'000};  // between chunks of a slow writer
    std::uint64_t max_chunk_bytes = 1_MiB;
    std::chrono::seconds default_timeout = std::chrono::minutes(15);  // a job that names none
};

class JobDialect {
  public:
    virtual ~JobDialect() = default;
    virtual const JobTraits& traits() const = 0;
    // Some backends know a node by its host name. `wait` matters only with long_polls.
    virtual Exchange<JobNews> next_job(const Identity& identity, const SystemInfo& system,
                                       std::chrono::seconds wait) const = 0;
    virtual Exchange<OutputReceipt> output(const Identity& identity, OutputChunk chunk) const = 0;
    virtual Exchange<> result(const Identity& identity, const JobResult& result) const = 0;
};

class FindingsDialect {
  public:
    virtual ~FindingsDialect() = default;
    // True where a report is everything there is: what it lacks is resolved, so it is sent even
    // when there is nothing. Else only findings are sent, and the backend forgets them by itself.
    virtual bool takes_whole_set() const = 0;
    virtual Exchange<> findings(const Identity& identity, const SystemInfo& system,
                                const std::vector<Finding>& findings) const = 0;
};

struct InventoryTraits {
    // Until the backend says otherwise.
    std::chrono::seconds interval = std::chrono::hours(1);
    std::chrono::seconds jitter = std::chrono::minutes(5);
    std::chrono::seconds collect_timeout{15};
    std::uint64_t max_report_bytes = 256_KiB;
    // A policy interval up to this is not waited for in a run of its own: the timer is the clock.
    std::chrono::seconds timer_interval = std::chrono::minutes(15);
    std::uint64_t envelope_bytes = 4_KiB;  // what stands around the elements, at most
    // In one report. A backend may look up and store each of them, at some ten milliseconds, and
    // has to answer before the request times out.
    std::size_t max_elements = 500;
};

class InventoryDialect {
  public:
    virtual ~InventoryDialect() = default;
    virtual const InventoryTraits& traits() const = 0;
    // What this backend would store of it; collections that are absent there have none here.
    virtual std::vector<InventoryElement> elements(const Inventory& inventory) const = 0;
    // Takes what is new only: reports add up at the backend.
    virtual Exchange<InventoryReceipt> report(const Identity& identity,
                                              const InventoryReport& report) const = 0;
};

// What follows a report that failed in a way that may pass.
struct Retries {
    std::chrono::milliseconds first{};  // then twice that, and so on
    unsigned most = 0;                  // none: the next report is the next try
};

struct DialectTraits {
    bool heartbeats = true;  // false: its inventory reports stand for them
    std::chrono::seconds heartbeat_interval = std::chrono::seconds(60);  // unless configured
    std::chrono::seconds system_info_interval = std::chrono::hours(24);  // for report_system
    bool wants_credential = true;  // without enrollment; else requests carry none
    bool wants_bpf_support = false;
    bool first_after_interval = false;  // else the first heartbeat goes out at once
    // Unset: soon, with jitter, and no later than the next report is due.
    std::optional<Retries> retries;
    // While the credential is rejected the pauses double up to this, or stay the interval.
    std::chrono::seconds longest_rejected_pause = std::chrono::minutes(5);
    // For the operator who reads that it was rejected: what it is called, and what may be wrong.
    std::string_view credential_name = "credential";
    std::string_view rejection_hint = "ask an admin for a new install token";
    NetworkWish network;  // for enrolling and for each heartbeat
};

class Dialect {
  public:
    virtual ~Dialect() = default;
    virtual const DialectTraits& traits() const = 0;
    // Asked for only where DialectTraits::heartbeats.
    virtual Exchange<HeartbeatReceipt> heartbeat(const Identity&, const Heartbeat&) const {
        return {};
    }
    // What a backend does not offer is absent, so it cannot be asked for.
    virtual const EnrollDialect* enrollment() const { return nullptr; }
    virtual const JobDialect* jobs() const { return nullptr; }
    virtual const FindingsDialect* findings() const { return nullptr; }
    virtual const InventoryDialect* inventory() const { return nullptr; }
};

}  // namespace bulkhead::worker
