#include "broker/handlers/handlers.hpp"
#include "broker/handlers/start.hpp"

namespace bulkhead::broker {

// Safe because: the script lies in policy and does not come from the worker; for the rest it is a
// StartJob.
Result<protocol::StartReply> handle(const protocol::StartCatalogueJob& request,
                                    const Caller& caller, Context& broker) {
    StartRequest asked(caller.backend, request);
    asked.job.kind = admission::JobBytes::Kind::catalogue;
    asked.job.name = request.name.str();
    return start(asked, broker);
}

}  // namespace bulkhead::broker
