// The form of a backend's name. The name is used as a directory name, a socket name and a cgroup
// name, so it holds no slash and no dot.
#pragma once
#include <algorithm>
#include <string_view>

namespace bulkhead {

// True for 1..32 bytes of a-z, 0-9 and '-' that do not begin with '-'.
inline bool is_backend_name(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !text.empty() && text.size() <= 32 && letter(text[0]) &&
           std::ranges::all_of(text, [&](char c) { return letter(c) || c == '-'; });
}

}  // namespace bulkhead
