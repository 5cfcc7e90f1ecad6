#include "broker/handlers/handlers.hpp"

namespace bulkhead::broker {

// Safe because: a count and a digest say nothing of the log's content.
Result<protocol::AuditHeadReply> handle(const protocol::AuditHead&, const Caller&,
                                        Context& broker) {
    // The backend keeps this head: it must be on disk first, or the log looks cut after a power
    // failure.
    broker.log.check(broker.audit.sync(), "audit log: head");
    const auto& head = broker.audit.head();
    return protocol::AuditHeadReply{.size = head.lines, .head = head.hash};
}

}  // namespace bulkhead::broker
