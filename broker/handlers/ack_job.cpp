#include "broker/handlers/handlers.hpp"

namespace bulkhead::broker {

// Safe because: it forgets only a job of its own backend that has ended; a worker that lies here
// harms its own report, and the audit log still has the job.
Result<protocol::StatusReply> handle(const protocol::AckJob& request, const Caller& caller,
                                     Context& broker) {
    const bool known = broker.jobs.is_of(request.number, caller.backend.str()) &&
                       broker.jobs.acknowledge(request.number);
    if (known) {
        note(broker, "job-acknowledged", {{"number", request.number.value}},
             records::Durable::later);
    }
    return protocol::StatusReply{
        .status = known ? protocol::Status::done : protocol::Status::refused,
        .reason = protocol::Code::clipped(known ? "ok" : "not-ended")};
}

}  // namespace bulkhead::broker
