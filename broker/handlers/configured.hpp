// Configured, the one request of the config reader: the list of backends that it read from
// agent.yaml.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "broker/context/context.hpp"
#include "common/protocol/requests.hpp"

namespace bulkhead::broker {

// The config reader, which makes the request: what Caller is to the requests of a worker.
struct Reader {
    const ConfinedProcess& process;
    std::vector<protocol::BackendEntry>& backends;  // filled in if the list is accepted
    std::string& refused;                           // else why it was refused
};

struct ListRefusal {
    std::string reason;  // a stable code
    std::string detail;
};
// Why root refuses the list; nothing when it accepts it.
std::optional<ListRefusal> judge_backends(const std::vector<protocol::BackendEntry>& entries);
Result<protocol::ConfiguredReply> handle(protocol::Configured request, Reader& reader,
                                         Context& broker);

}  // namespace bulkhead::broker
