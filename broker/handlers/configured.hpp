// Configured, the one request of the config reader: the list of backends that it read from
// agent.yaml.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "broker/context/context.hpp"
#include "common/protocol/requests.hpp"

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

}  // namespace bulkhead::broker
