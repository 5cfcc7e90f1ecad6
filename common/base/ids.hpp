// Ids that more than one room knows.
#pragma once
#include <cstdint>
#include <string>

#include "common/base/strong.hpp"

namespace bulkhead {

// Counts the jobs started on this host; given by the broker's ledger, never reused.
using JobNumber = Strong<struct JobNumberTag, std::uint64_t>;

// A backend's name for one delivery of a job: 1..128 bytes, whatever it chose. Started at most once.
using DeliveryId = Strong<struct DeliveryIdTag, std::string>;

// The manifest's job-id, what an operator approved: [a-z0-9][a-z0-9-]{0,63}.
using JobId = Strong<struct JobIdTag, std::string>;

}  // namespace bulkhead
