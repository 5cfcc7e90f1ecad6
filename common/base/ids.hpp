// Types of the ids that more than one library uses.
#pragma once
#include <cstdint>
#include <string>

#include "common/base/strong.hpp"

namespace bulkhead {

// The broker's ledger numbers the jobs started on this host with it, from 1, and never reuses one.
using JobNumber = Strong<struct JobNumberTag, std::uint64_t>;

// A backend's name for one delivery of a job: at most 128 bytes, of which the worker checks the
// form and root does not. The broker starts a job at most once for each backend and name.
using DeliveryId = Strong<struct DeliveryIdTag, std::string>;

// The job-id line of the manifest that an operator approved: [a-z0-9][a-z0-9-]{0,63}.
using JobId = Strong<struct JobIdTag, std::string>;

}  // namespace bulkhead
