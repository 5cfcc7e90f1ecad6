#include "broker/artifacts/artifacts.hpp"
#include "broker/handlers/handlers.hpp"

namespace bulkhead::broker {

// Safe because: a backend hears of the artifacts that it brought itself.
Result<protocol::ArtifactsReply> handle(const protocol::ListArtifacts&, const Caller& caller,
                                        Context& broker) {
    protocol::ArtifactsReply reply;
    if (broker.artifacts != nullptr) {
        reply.artifacts.items = broker.artifacts->list(caller.backend.str());
    }
    return reply;
}

}  // namespace bulkhead::broker
