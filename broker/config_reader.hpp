// Runs the config reader, before any backend is heard: an unprivileged process without network that
// reads agent.yaml and exits. Root reads a bounded list of backends and none of their settings.
#pragma once
#include <vector>

#include "broker/handlers/configured.hpp"
#include "broker/options.hpp"
#include "broker/processes/part.hpp"

namespace bulkhead::broker {

// Waits until the config reader has answered and exited. An error of kind wrong_input: the settings
// are wrong, and the config reader has logged what is.
Result<std::vector<protocol::BackendEntry>> read_config(const Options& options,
                                                        const PartGround& ground,
                                                        const CgroupTree& cgroups, Context& broker);

}  // namespace bulkhead::broker
