#include "broker/artifacts/artifacts.hpp"
#include "broker/handlers/handlers.hpp"

namespace bulkhead::broker {

// Safe because: what a kernel can load is no secret of its host's: uname(2) tells as much.
Result<protocol::FeaturesReply> handle(const protocol::KernelFeatures&, const Caller&,
                                       Context& broker) {
    return broker.artifacts == nullptr ? protocol::FeaturesReply{} : broker.artifacts->features();
}

}  // namespace bulkhead::broker
