// TelemetrySink: where duties tell what happens on this host, for those who listen to telemetry.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace bulkhead::worker {

// One event of one artifact, in the words of the AegisFlux agents.
struct ArtifactEvent {
    std::string artifact_id;    // never empty: an event without is not sent
    std::string status;         // "loaded", "unloaded", "error" or "rolled_back"
    std::uint64_t drops = 0;    // of the artifact's declared map, since it was loaded
    std::uint64_t errors = 0;   // 1 of an "error", else 0
    double cpu_pct = 0;         // of one core, since the event before
    std::string verifier_msg;   // of the kernel; empty: none, and the member is left out
    std::string error_message;  // empty: none, and the member is left out
};

// What became of one delivery of a job.
struct JobEvent {
    std::string event;  // "started", "refused" or "ended"
    std::string delivery_id;
    std::string outcome;  // of an end, as name_of(JobOutcome)
    std::string reason;   // a reason code; empty where it started
    std::optional<int> exit_code = {};
    std::optional<int> signal = {};
};

class TelemetrySink {
  public:
    virtual ~TelemetrySink() = default;
    // Queues the event and returns at once; never fails. Where the queue is full the oldest event
    // is dropped and counted.
    virtual void artifact_event(const ArtifactEvent& event) = 0;
    // The same, where the settings want events of jobs; else nothing.
    virtual void job_event(const JobEvent&) {}
    // Sets what is called at each interval of the settings: it tells each loaded artifact's event
    // again, with the figures of now.
    virtual void when_due(std::function<void()>) {}
};

}  // namespace bulkhead::worker
