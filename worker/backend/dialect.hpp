// A backend's way of speaking: a duty's value becomes a request, an answer becomes a verdict.
// Dialects are pure: no file, no socket, no clock; several are in use at once and share nothing.
#pragma once
#include <chrono>
#include <string>

#include "worker/backend/duties.hpp"
#include "worker/backend/verdict.hpp"

namespace bulkhead::worker {

// An install token becomes an identity.
class EnrollDialect {
  public:
    virtual ~EnrollDialect() = default;
    virtual Exchange<Enrolled> enroll(const EnrollRequest& request) const = 0;
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

struct Traits {
    std::chrono::seconds heartbeat_interval = std::chrono::seconds(60);  // unless configured
    std::chrono::seconds system_info_interval = std::chrono::hours(24);  // for report_system
};

class Dialect {
  public:
    virtual ~Dialect() = default;
    virtual const Traits& traits() const = 0;
    virtual Exchange<HeartbeatReceipt> heartbeat(const Identity& identity,
                                                 const Heartbeat& beat) const = 0;
    // What a backend does not offer is absent, so it cannot be asked for.
    virtual const EnrollDialect* enrollment() const { return nullptr; }
    virtual const JobDialect* jobs() const { return nullptr; }
};

}  // namespace bulkhead::worker
