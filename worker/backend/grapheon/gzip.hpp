// gzip() for bodies of requests. Answers are never requested in compressed form.
#pragma once
#include <string>
#include <string_view>

namespace bulkhead::worker {

// Returns one gzip member (RFC 1952) without name and time, so equal texts give equal bytes.
std::string gzip(std::string_view text);

}  // namespace bulkhead::worker
