// The JSON of what telemetry publishes.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/parse.hpp"
#include "worker/duties/telemetry.hpp"

namespace bulkhead::worker {

// What of the host a heartbeat of telemetry tells.
struct TelemetryHeartbeat {
    std::string hostname;
    std::uint64_t jobs_running = 0;
    std::vector<std::string> troubles;  // their codes, root's and the worker's
};

// Who tells it.
struct TelemetrySender {
    std::string host_id;  // as the backend knows this host
    std::string backend;  // the name of the backend in agent.yaml
};

// The members of the AegisFlux agents, in their order: host_id, artifact_id, status, drops, errors,
// cpu_pct, verifier_msg and error_message where there are any, ts. Messages are cut after 1 KiB.
std::string json_of(const TelemetrySender& sender, const ArtifactEvent& event, UnixTime now);
std::string json_of(const TelemetrySender& sender, const JobEvent& event, UnixTime now);
// `dropped`: how many events were, since the worker began.
std::string json_of(const TelemetrySender& sender, const TelemetryHeartbeat& beat,
                    std::uint64_t dropped, UnixTime now);

}  // namespace bulkhead::worker
