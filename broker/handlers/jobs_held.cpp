#include "broker/handlers/handlers.hpp"

namespace bulkhead::broker {

// Safe because: the broker takes it for a reason to end sooner, when no job runs. A worker that
// lies has a job refused that it fetched; one that keeps silent is waited for a bounded time.
Result<protocol::StatusReply> handle(const protocol::JobsHeld&, const Caller& caller,
                                     Context& broker) {
    broker.holding.insert(caller.backend.str());
    return protocol::StatusReply{.status = protocol::Status::done,
                                 .reason = protocol::Code::clipped("ok")};
}

}  // namespace bulkhead::broker
