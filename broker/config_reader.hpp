// agent.yaml, read before any backend is heard: by a process that is nobody, has no network and
// lives for this alone. Root reads a bounded list and none of the settings.
#pragma once
#include <vector>

#include "broker/handlers/configured.hpp"
#include "broker/options.hpp"
#include "broker/processes/part.hpp"

namespace bulkhead::broker {

// Waits for its answer and its end. An error of kind wrong_input: it has said in the log what is
// wrong with the settings.
Result<std::vector<Backend>> read_config(const Options& options, const PartGround& ground,
                                         const CgroupTree& cgroups, Context& broker);

}  // namespace bulkhead::broker
