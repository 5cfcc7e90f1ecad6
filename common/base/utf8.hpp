// Characters of UTF-8, one after the other.
#pragma once
#include <string_view>

namespace bulkhead {

// A code point and the number of its bytes. 0 bytes: what stands there is no character.
struct Utf8Char {
    char32_t point = 0;
    std::size_t size = 0;
};

// The character at the begin of `text`, which is not empty. Well-formed is what RFC 3629 says: the
// shortest form, no surrogates, at most U+10FFFF.
Utf8Char first_char(std::string_view text);

}  // namespace bulkhead
