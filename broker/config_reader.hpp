// agent.yaml, read before any backend is heard: by a process that is nobody, has no network and
// lives for this alone. Root reads a bounded list and none of the settings.
#pragma once
#include <vector>

#include "broker/context/context.hpp"
#include "broker/options.hpp"
#include "broker/processes/part.hpp"

namespace bulkhead::broker {

// One backend, as the settings have it.
struct Backend {
    protocol::BackendName name;
    protocol::Name dialect;
    std::vector<protocol::BackendFile> files;
    sys::Fd settings;  // sealed
};

// Who asks, to a handler: it may say Configured.
struct Reader {
    const ConfinedProcess& process;
    std::vector<Backend>& backends;  // none until they were taken
    std::string& refused;            // and why they were not
};

struct ListRefusal {
    std::string reason;  // a stable code
    std::string detail;
};
// What root cannot take of a list; nothing when all is well.
std::optional<ListRefusal> judge_backends(const std::vector<protocol::BackendEntry>& entries);
Result<protocol::ConfiguredReply> handle(protocol::Configured request, Reader& reader,
                                         Context& broker);

// Waits for its answer and its end. An error of kind wrong_input: it has said in the log what is
// wrong with the settings.
Result<std::vector<Backend>> read_config(const Options& options, const PartGround& ground,
                                         const CgroupTree& cgroups, Context& broker);

}  // namespace bulkhead::broker
