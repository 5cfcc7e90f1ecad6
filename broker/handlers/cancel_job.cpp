#include "broker/handlers/handlers.hpp"

namespace bulkhead::broker {

// Safe because: ending an approved job of its own early is what any backend may ask for; it starts
// nothing.
Result<protocol::StatusReply> handle(const protocol::CancelJob& request, const Caller& caller,
                                     Context& broker) {
    const bool known = broker.jobs.is_of(request.number, caller.backend.str()) &&
                       broker.jobs.cancel(request.number);
    return protocol::StatusReply{
        .status = known ? protocol::Status::done : protocol::Status::refused,
        .reason = protocol::Code::clipped(known ? "ok" : "not-running")};
}

}  // namespace bulkhead::broker
