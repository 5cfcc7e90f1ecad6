#include "common/base/text.hpp"

#include "common/base/parse.hpp"
#include "common/base/utf8.hpp"

namespace bulkhead {

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const auto size = first_char(text).size;
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

std::string quoted(std::string_view text, std::size_t max) {
    std::string out;
    for (const char c : text.substr(0, max)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
            out += c;
        } else {
            out += "\\x" + to_hex(as_bytes({&c, 1}));
        }
    }
    if (text.size() > max) out += "...";
    return out;
}

}  // namespace bulkhead
