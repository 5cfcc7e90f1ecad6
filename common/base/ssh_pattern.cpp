#include "common/base/ssh_pattern.hpp"

namespace bulkhead {

bool matches_ssh_pattern(std::string_view pattern, std::string_view text) {
    std::size_t at = 0;
    std::size_t seen = 0;
    auto star = pattern.npos;  // index of the last *
    std::size_t taken = 0;     // index behind what it matches
    while (seen < text.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = at++;
            taken = seen;
        } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == text[seen])) {
            ++at;
            ++seen;
        } else {
            if (star == pattern.npos) return false;
            at = star + 1;
            seen = ++taken;
        }
    }
    return pattern.find_first_not_of('*', at) == pattern.npos;
}

}  // namespace bulkhead
