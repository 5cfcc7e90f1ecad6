// TelemetrySink: where duties tell what happens on this host, for those who listen to telemetry.
#pragma once
#include <cstdint>
#include <string>

namespace bulkhead::worker {

// One event of one artifact, in the words of the AegisFlux agents.
struct ArtifactEvent {
    std::string artifact_id;    // never empty: an event without is not sent
    std::string status;         // "loaded", "unloaded", "error" or "rolled_back"
    std::uint64_t drops = 0;    // of the artifact's declared map, since it was loaded
    std::uint64_t errors = 0;   // since the artifact was first offered
    double cpu_pct = 0;         // of one core, since the event before
    std::string verifier_msg;   // of the kernel; empty: none, and the member is left out
    std::string error_message;  // empty: none, and the member is left out
};

class TelemetrySink {
  public:
    virtual ~TelemetrySink() = default;
    // Queues the event and returns at once; never fails. Where the queue is full the oldest event
    // is dropped and counted.
    virtual void artifact_event(const ArtifactEvent& event) = 0;
};

}  // namespace bulkhead::worker
