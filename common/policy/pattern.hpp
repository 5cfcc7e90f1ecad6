// Path patterns of reads.policy.
#pragma once
#include <string_view>

namespace bulkhead::policy {

// True if `pattern` matches the whole of `path`: * matches any bytes and ? one byte, but neither
// matches '/' or a dot at the begin of a component (as glob(7) does). ? does not match `several`
// either: '*' asks whether `pattern` matches whatever `path`, itself a pattern, does.
bool matches(std::string_view pattern, std::string_view path, char several = '/');

inline bool has_wildcard(std::string_view text) { return text.find_first_of("*?") != text.npos; }

}  // namespace bulkhead::policy
