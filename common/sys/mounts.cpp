#include "common/sys/mounts.hpp"

#include <algorithm>

#include "common/base/parse.hpp"

namespace bulkhead::sys {

// A line reads (proc(5)):
// 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
std::vector<Mount> parse_mounts(std::string_view mountinfo) {
    std::vector<Mount> mounts;
    for (const auto line : split(mountinfo, '\n')) {
        const auto fields = words(line);
        const auto dash = std::ranges::find(fields, "-");
        if (dash - fields.begin() < 6 || fields.end() - dash < 3) continue;
        mounts.push_back({fields[0], fields[2], fields[4], fields[5], dash[1], fields.back()});
    }
    return mounts;
}

std::string unescaped(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const auto digits = name.substr(i + 1, 3);
        const bool escape = name[i] == '\\' && digits.size() == 3 &&
                            digits.find_first_not_of("01234567") == digits.npos;
        if (!escape) {
            out += name[i];
            continue;
        }
        out += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + digits[2] - '0');
        i += 3;
    }
    return out;
}

}  // namespace bulkhead::sys
