// Character classes and canonical decimal numbers, for the parsers in this directory.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>

#include "common/base/parse.hpp"

namespace bulkhead::approval {

inline bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_alnum(char c) { return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z'); }

// True for 1..max bytes of which the first fulfils `first` and all fulfil `rest`.
bool is_word(std::string_view text, std::size_t max, auto first, auto rest) {
    return !text.empty() && text.size() <= max && first(text[0]) &&
           std::all_of(text.begin(), text.end(), rest);
}

// A decimal number in min..max without plus sign and leading zeros, so that each value has one
// spelling.
template <class T>
Result<T> plain_number(std::string_view text, T min, T max) {
    const auto digits = text.substr(text.starts_with('-') ? 1 : 0);
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit) ||
        (digits[0] == '0' && text.size() > 1)) {
        return fail("not a plain decimal number");
    }
    const auto value = parse_number<T>(text);
    if (!value || *value < min || *value > max) {
        return fail("outside " + std::to_string(min) + ".." + std::to_string(max));
    }
    return *value;
}

}  // namespace bulkhead::approval
