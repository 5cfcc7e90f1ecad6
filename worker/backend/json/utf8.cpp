#include "worker/backend/json/utf8.hpp"

#include <algorithm>

#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

// The length in bytes that the first byte of a character announces (RFC 3629); 1 if no character
// begins with it.
std::size_t character_length(char first) {
    const auto lead = static_cast<unsigned char>(first);
    if (lead >= 0xf0 && lead <= 0xf4) return 4;
    if (lead >= 0xe0) return lead <= 0xef ? 3 : 1;
    return lead >= 0xc2 ? 2 : 1;
}

}  // namespace

std::string lossy_utf8(std::string_view octets) {
    if (octets.find('\0') == octets.npos && is_utf8(octets)) return std::string(octets);
    std::string out;
    out.reserve(octets.size());
    for (std::size_t i = 0; i < octets.size();) {
        const auto character = octets.substr(i, character_length(octets[i]));
        if (octets[i] != '\0' && is_utf8(character)) {
            out += character;
            i += character.size();
        } else {
            out += "\xef\xbf\xbd";
            ++i;
        }
    }
    return out;
}

std::size_t whole_characters(std::string_view octets) {
    const auto reach = std::min<std::size_t>(3, octets.size());
    for (std::size_t back = 1; back <= reach; ++back) {
        const auto at = octets.size() - back;
        const bool continues = (static_cast<unsigned char>(octets[at]) & 0xc0) == 0x80;
        if (!continues) return character_length(octets[at]) > back ? at : octets.size();
    }
    return octets.size();
}

}  // namespace bulkhead::worker
