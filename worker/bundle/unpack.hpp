// Decompression of what a backend sent, within fixed bounds of memory and output.
#pragma once
#include <cstdint>
#include <functional>
#include <string_view>

#include "common/base/strong.hpp"
#include "worker/bundle/bundle_refusal.hpp"

namespace bulkhead::worker {

enum class Packing : std::uint8_t { gzip, zstd };

// All that comes out of one bundle. A bomb is what exceeds kFreeOutput and kMaxRatio bytes for each
// byte that went in.
inline constexpr std::uint64_t kMaxUnpacked = 16_MiB;
inline constexpr std::uint64_t kFreeOutput = 1_MiB;
inline constexpr std::uint64_t kMaxRatio = 200;

using Sink = std::function<Unpacked<>(std::string_view)>;

// Passes the content to `sink`, piece by piece, and ends with the first refusal. Takes several
// frames (RFC 8878, 3.1) or members (RFC 1952, 2.2), one behind the other. Refused: damaged or
// truncated data, anything behind it, a zstd window above 8 MiB (RFC 8878, 3.1.1.1.2: what a
// decoder has to support), a dictionary, and output beyond the bounds.
Unpacked<> unpack(std::string_view packed, Packing packing, const Sink& sink);

}  // namespace bulkhead::worker
