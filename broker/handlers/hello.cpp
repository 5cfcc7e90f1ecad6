#include <algorithm>

#include "broker/context/profiles.hpp"
#include "broker/handlers/handlers.hpp"

namespace bulkhead::broker {

// Safe because: it grants nothing but descriptors of pipes that this worker, or an earlier one of
// the same backend, was given already; and only after /proc/PID/status has confirmed the
// confinement.
Result<protocol::HelloReply> handle(const protocol::Hello& request, const Caller& caller,
                                    Context& broker) {
    if (request.version != protocol::kVersion) {
        return fail("worker speaks protocol " + std::to_string(request.version) + ", this broker " +
                    std::to_string(protocol::kVersion) + "; install both of one release");
    }
    TRY(within("worker is not confined", caller.process.require_confined()));
    protocol::HelloReply reply;
    reply.host_id = TRY(protocol::Name::create(broker.policy->policy.host.id));
    reply.policy_digest = broker.policy->policy.digest;
    reply.ceiling_digest = broker.ceiling.digest;
    reply.restart_needed = broker.ceiling.restart_needed;
    auto missing = broker.missing;
    const auto profiles = unusable(*broker.policy);
    missing.insert(missing.end(), profiles.begin(), profiles.end());
    missing.resize(std::min(missing.size(), decltype(reply.missing)::kMax));
    for (const auto& feature : missing) {
        reply.missing.items.push_back(protocol::Label::clipped(feature));
    }
    reply.jobs.items = TRY(broker.jobs.list(caller.backend.str()));
    reply.jobs_known = broker.ledger.readable();
    reply.fetch = broker.fetch;
    broker.holding.erase(caller.backend.str());
    note(broker, "worker-confined",
         {{"backend", caller.backend.str()},
          {"pid", caller.process.pid()},
          {"landlock_abi", request.landlock_abi}});
    return reply;
}

}  // namespace bulkhead::broker
