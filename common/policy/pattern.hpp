// Path patterns of reads.policy.
#pragma once
#include <string_view>

namespace bulkhead::policy {

// True when `pattern` describes the whole of `path`: * is any text and ? one byte, both within a
// component, and neither stands for the dot that hides a file.
bool matches(std::string_view pattern, std::string_view path);

inline bool has_wildcard(std::string_view text) { return text.find_first_of("*?") != text.npos; }

}  // namespace bulkhead::policy
