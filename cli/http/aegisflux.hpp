// /healthz and /status as AegisFlux's agents answer them, so that what watches those goes on.
#pragma once
#include "cli/status/root_file.hpp"
#include "cli/status/verdict.hpp"
#include "common/base/parse.hpp"

namespace bulkhead::cli {

// Which of the agents /healthz is like; /status has those members of all that
// mean something here.
enum class HealthShape {
    seed,   // {"ok":true}, no more and no line end: the agents of aegis_agent
    local,  // {"status","host_id","timestamp","uptime","version","loaded_programs"}: the backend's
};

// `entry` is what the worker of the aegisflux backend says of itself; of what is loaded, only root
// is asked.
std::string aegisflux_health(HealthShape shape, bool healthy, const RootFile& root,
                             const StatusJson& entry, UnixTime now);
std::string aegisflux_status(const RootFile& root, const StatusJson& entry, UnixTime now);

}  // namespace bulkhead::cli
