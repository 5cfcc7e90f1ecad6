// Ids that more than one room knows.
#pragma once
#include <cstdint>

#include "common/base/strong.hpp"

namespace bulkhead {

// Counts the jobs started on this host; given by the broker's ledger, never reused.
using JobNumber = Strong<struct JobNumberTag, std::uint64_t>;

}  // namespace bulkhead
