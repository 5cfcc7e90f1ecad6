#include <algorithm>

#include "broker/handlers/handlers.hpp"
#include "broker/profiles.hpp"

namespace bulkhead::broker {

// Safe because: it comes first and grants nothing but descriptors of pipes that this worker, or the
// one before it, was given already; and only after the kernel has confirmed the confinement.
Result<protocol::HelloReply> handle(const protocol::Hello& request, Context& broker) {
    if (request.version != protocol::kVersion) {
        return fail("worker speaks protocol " + std::to_string(request.version) + ", this broker " +
                    std::to_string(protocol::kVersion) + "; install both of one release");
    }
    TRY(within("worker is not confined", broker.worker->require_confined(broker.worker_user)));
    protocol::HelloReply reply;
    reply.host_id = TRY(protocol::Name::create(broker.policy->policy.host.id));
    reply.policy_digest = broker.policy->policy.digest;
    auto missing = broker.missing;
    const auto profiles = unusable(*broker.policy);
    missing.insert(missing.end(), profiles.begin(), profiles.end());
    missing.resize(std::min(missing.size(), decltype(reply.missing)::kMax));
    for (const auto& feature : missing) {
        reply.missing.items.push_back(protocol::Label::clipped(feature));
    }
    reply.jobs.items = TRY(broker.jobs.list());
    const auto noted = broker.audit.event(
        "worker-confined", {{"pid", broker.worker->pid()}, {"landlock_abi", request.landlock_abi}});
    if (!noted) broker.log.error("audit log", {{"why", noted.error().what}});
    return reply;
}

}  // namespace bulkhead::broker
