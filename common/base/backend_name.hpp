// What a backend may be called: its name is also a directory's, a socket's, a cgroup's.
#pragma once
#include <algorithm>
#include <string_view>

namespace bulkhead {

inline bool is_backend_name(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !text.empty() && text.size() <= 32 && letter(text[0]) &&
           std::ranges::all_of(text, [&](char c) { return letter(c) || c == '-'; });
}

}  // namespace bulkhead
