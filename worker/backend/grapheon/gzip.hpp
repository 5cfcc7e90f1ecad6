// gzip, for requests only: answers are never accepted compressed.
#pragma once
#include <string>
#include <string_view>

namespace bulkhead::worker {

// RFC 1952, no name and no time: the same text gives the same bytes.
std::string gzip(std::string_view text);

}  // namespace bulkhead::worker
