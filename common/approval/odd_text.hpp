// Finds what people do not see when they read a script or a manifest, or take for something else:
// who approves a text must have seen what an interpreter will see.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::approval {

// A character, or a byte that is none, with its place. Lines and columns are counted from 1,
// columns in characters.
struct OddChar {
    std::size_t line = 0;
    std::size_t column = 0;
    char32_t point = 0;     // the code point; of bytes that are no UTF-8 the first one
    std::string_view what;  // a clause: "a bidi control, which shows text in another order ..."

    bool is_byte() const;  // true: `point` is a byte that is no UTF-8
};

struct OddText {
    std::vector<OddChar> first;  // at most kMostOdd of them
    std::size_t count = 0;       // of all
};

inline constexpr std::size_t kMostOdd = 20;

// Odd are:
// - control characters but LF and tab, and bytes that are no UTF-8;
// - characters that are not drawn, or are drawn as a blank and are none, or as another character
//   (Default_Ignorable_Code_Point of Unicode 15, format controls, spaces), and all of bidi;
// - letters of other scripts in a word that looks wholly Latin, such as a Cyrillic "a" in "pass";
// - text behind blanks that push it beyond column 200 (tabs are 8 wide), or beneath 50 empty lines.
// Umlauts, other scripts by themselves, and emoji without joiners are not. Linear in time; at most
// kMostOdd results are kept.
OddText find_odd_text(std::string_view text);

// The code point or byte: "U+202E", "byte 0xFC".
std::string shown(const OddChar& odd);

// "line 3, column 8: U+202E: a bidi control, ..."
std::string in_words(const OddChar& odd);

}  // namespace bulkhead::approval
