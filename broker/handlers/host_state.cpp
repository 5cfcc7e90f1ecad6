#include "broker/context/clock.hpp"
#include "broker/context/memory.hpp"
#include "broker/handlers/handlers.hpp"

namespace bulkhead::broker {

// Safe because: counts, digests and root's own sentences say nothing of what log and ledger hold.
Result<protocol::HostStateReply> handle(const protocol::HostState&, const Caller&,
                                        Context& broker) {
    take_acceptance(broker);
    watch_clock(broker);
    tell_intake(broker);
    // The backend keeps these heads: they must be on disk first, or log and ledger look cut after a
    // power failure. Each of the ledger's records is on disk when it was written.
    broker.log.check(broker.audit.sync(), "audit-failed");
    tell_lost_lines(broker);
    const auto& head = broker.audit.head();
    return protocol::HostStateReply{.audit_lines = head.lines,
                                    .audit_head = head.hash,
                                    .ledger_records = broker.ledger.records(),
                                    .ledger_head = broker.ledger.head(),
                                    .troubles = broker.troubles.told()};
}

}  // namespace bulkhead::broker
