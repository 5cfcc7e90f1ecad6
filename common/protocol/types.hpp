// Enumerations, ids and bounded texts inside messages.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "common/base/ids.hpp"
#include "common/base/strong.hpp"
#include "common/base/text.hpp"
#include "common/protocol/schema.hpp"

namespace bulkhead::protocol {

// Raised when a message changes its meaning; a worker of another version is refused.
inline constexpr std::uint32_t kVersion = 7;

using Digest = std::array<std::byte, 32>;  // SHA-256

// Zero, the value of a field that nobody set, refuses. So it does in Status.
enum class Decision : std::uint8_t { refused = 0, admitted = 1, kLast = admitted };

// How a job's standard output and standard error reach the worker.
enum class Streams : std::uint8_t {
    separate = 0,  // a pipe each
    merged = 1,    // both in the first pipe, in the order they were written
    kLast = merged,
};

// How a job ended. Zero is the outcome that claims the least.
enum class JobOutcome : std::uint8_t {
    // The agent ended the job or itself, or did not resume it: `reason` says which.
    interrupted = 0,
    finished = 1,
    timed_out = 2,
    cancelled = 3,
    failed_to_start = 4,  // confinement or exec failed after admission; no line of the script ran
    kLast = failed_to_start,
};

enum class Status : std::uint8_t { refused = 0, done = 1, kLast = done };

enum class Mode : std::uint8_t { serve = 0, once = 1, kLast = once };

// All bounds are in bytes.
using Code = BoundaryText<40>;         // a reason code that is never renamed, or a setting's key
using BackendName = BoundaryText<32>;  // see common/base/backend_name.hpp
using Name = BoundaryText<64>;         // profile, catalogue entry, parameter name
using Label = BoundaryText<128>;       // rule, feature
using HostPath = BoundaryText<512>;    // absolute
using CredentialPath = BoundaryText<192>;  // absolute; 16 backends' paths fit into one frame
using Detail = BoundaryText<512>;          // a sentence for people
using Remarks = BoundaryText<320>;         // sentences, joined by "; "

// The ids of common/base/ids.hpp inside messages: bounded text whose form was not checked yet.
using DeliveryId = Strong<DeliveryIdTag, BoundaryText<128>>;
using JobId = Strong<JobIdTag, BoundaryText<64>>;

}  // namespace bulkhead::protocol
