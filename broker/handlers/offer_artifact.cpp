#include "broker/handlers/handlers.hpp"

namespace bulkhead::broker {

// Safe because: nothing is loaded.
Result<protocol::OfferReply> handle(const protocol::OfferArtifact&, const Caller&, Context&) {
    return protocol::OfferReply{.reason = protocol::Code::clipped("no-loader"),
                                .detail = protocol::Detail::clipped("this host has no loader"),
                                .rule = {},
                                .artifact_id = {}};
}

}  // namespace bulkhead::broker
