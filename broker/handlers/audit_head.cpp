#include "broker/handlers/handlers.hpp"

namespace bulkhead::broker {

// Safe because: a count and a digest say nothing of the log's content.
Result<protocol::AuditHeadReply> handle(const protocol::AuditHead&, Context& broker) {
    const auto& head = broker.audit.head();
    return protocol::AuditHeadReply{.size = head.lines, .head = head.hash};
}

}  // namespace bulkhead::broker
