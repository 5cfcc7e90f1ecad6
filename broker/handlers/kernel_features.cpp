#include "broker/handlers/handlers.hpp"

namespace bulkhead::broker {

// Safe because: nothing was probed.
Result<protocol::FeaturesReply> handle(const protocol::KernelFeatures&, const Caller&, Context&) {
    return protocol::FeaturesReply{};
}

}  // namespace bulkhead::broker
