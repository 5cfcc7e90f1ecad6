// Patterns of OpenSSH: PATTERNS in ssh_config(5).
#pragma once
#include <string_view>

namespace bulkhead {

// Whether `pattern` matches the whole text. * is any text and ? one byte, whatever it is.
bool matches_ssh_pattern(std::string_view pattern, std::string_view text);

}  // namespace bulkhead
