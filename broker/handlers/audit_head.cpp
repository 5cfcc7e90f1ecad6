#include "broker/handlers/handlers.hpp"

namespace bulkhead::broker {

// Safe because: a count and a digest say nothing of the log's content.
Result<protocol::AuditHeadReply> handle(const protocol::AuditHead&, const Caller&,
                                        Context& broker) {
    // What the backend is told must outlive a power cut, or the log would look cut afterwards.
    broker.log.check(broker.audit.sync(), "audit log: head");
    const auto& head = broker.audit.head();
    return protocol::AuditHeadReply{.size = head.lines, .head = head.hash};
}

}  // namespace bulkhead::broker
