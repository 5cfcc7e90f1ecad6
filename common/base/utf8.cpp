#include "common/base/utf8.hpp"

#include <cstdint>

namespace bulkhead {

Utf8Char first_char(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return {lead, 1};
    const std::size_t extra = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || text.size() <= extra) return {};
    std::uint32_t point = lead & (0x3fU >> extra);
    for (const char c : text.substr(1, extra)) {
        const auto next = static_cast<unsigned char>(c);
        if ((next & 0xc0) != 0x80) return {};
        point = (point << 6) | (next & 0x3f);
    }
    const std::uint32_t least = extra == 3 ? 0x10000 : extra == 2 ? 0x800 : 0x80;
    if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return {};
    return {point, extra + 1};
}

}  // namespace bulkhead
