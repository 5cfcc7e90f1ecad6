// start_request(): the job that a backend offers, as the request to the broker that starts it.
#pragma once
#include "common/protocol/requests.hpp"
#include "worker/backend/dialect/messages.hpp"

namespace bulkhead::worker {

// Splits a signed script into script, manifest and signatures, each in a sealed memfd
// (memfd_create(2)). An error says what no request can carry, such as too many parameters.
Result<protocol::StartJob> start_request(const DeliveryId& id, const ScriptJob& job,
                                         protocol::Streams streams);
Result<protocol::StartCatalogueJob> start_request(const DeliveryId& id, const CatalogueJob& job,
                                                  protocol::Streams streams);

}  // namespace bulkhead::worker
