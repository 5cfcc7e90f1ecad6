#include "common/policy/pattern.hpp"

namespace bulkhead::policy {

bool matches(std::string_view pattern, std::string_view path, char several) {
    std::size_t at = 0;    // index of the next byte in pattern
    std::size_t seen = 0;  // index of the next byte in path
    // Indices of the last * in pattern and behind the bytes in path that it matches so far. After a
    // mismatch it takes one byte more.
    std::size_t star = pattern.npos;
    std::size_t taken = 0;
    const auto hidden = [&] { return path[seen] == '.' && (seen == 0 || path[seen - 1] == '/'); };
    const auto wild = [&] { return path[seen] != '/' && !hidden(); };
    while (seen < path.size()) {
        if (at < pattern.size() && pattern[at] == '*' && !hidden()) {
            star = at++;
            taken = seen;
        } else if (at < pattern.size() &&
                   (pattern[at] == path[seen] ||
                    (pattern[at] == '?' && wild() && path[seen] != several))) {
            ++at;
            ++seen;
        } else {
            seen = taken;
            if (star == pattern.npos || !wild()) return false;
            at = star + 1;
            seen = ++taken;
        }
    }
    return pattern.find_first_not_of('*', at) == pattern.npos;
}

}  // namespace bulkhead::policy
