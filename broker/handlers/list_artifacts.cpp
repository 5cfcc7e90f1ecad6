#include "broker/handlers/handlers.hpp"

namespace bulkhead::broker {

// Safe because: there are none.
Result<protocol::ArtifactsReply> handle(const protocol::ListArtifacts&, const Caller&, Context&) {
    return protocol::ArtifactsReply{};
}

}  // namespace bulkhead::broker
