#include "common/approval/odd_text.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "common/approval/lexical.hpp"
#include "common/base/utf8.hpp"

namespace bulkhead::approval {

namespace {

using std::string_view;

constexpr string_view kBytes = "not UTF-8, so each program shows it in its own way";
constexpr string_view kControl = "a control character, which is not shown or moves what is";
constexpr string_view kEscape = "begins a sequence that a terminal obeys and does not show";
constexpr string_view kReturn = "a carriage return: a terminal shows what follows over the line";
constexpr string_view kBidi = "a bidi control, which shows text in another order than it has";
constexpr string_view kUnseen = "is not drawn, and is there";
constexpr string_view kBlank = "looks like a blank, and is part of a word to an interpreter";
constexpr string_view kLineEnd = "ends a line for some programs and not for an interpreter";
constexpr string_view kLooks = "looks like another character";
constexpr string_view kMixed = "looks like a Latin letter in a word of such letters, and is none";
constexpr string_view kPushed = "blanks push text beyond column 200";
constexpr string_view kBeneath = "stands beneath 50 empty lines or more";

constexpr std::size_t kLastColumn = 200;
constexpr std::size_t kWideGap = 16;  // columns; what tables and comments have between two words
constexpr std::size_t kManyLines = 50;

struct Range {
    char32_t first;
    char32_t last;
    string_view what = {};
};

// clang-format off
// In order, as are the other tables.
constexpr Range kOdd[] = {
    {0x00, 0x08, kControl}, {0x0b, 0x0c, kControl}, {0x0d, 0x0d, kReturn}, {0x0e, 0x1a, kControl},
    {0x1b, 0x1b, kEscape}, {0x1c, 0x1f, kControl}, {0x7f, 0x84, kControl}, {0x85, 0x85, kLineEnd},
    {0x86, 0x9a, kControl}, {0x9b, 0x9b, kEscape}, {0x9c, 0x9f, kControl}, {0xa0, 0xa0, kBlank},
    {0xad, 0xad, kUnseen}, {0x34f, 0x34f, kUnseen}, {0x37e, 0x37e, kLooks}, {0x61c, 0x61c, kBidi},
    {0x115f, 0x1160, kUnseen}, {0x1680, 0x1680, kBlank}, {0x17b4, 0x17b5, kUnseen},
    {0x180b, 0x180f, kUnseen}, {0x1fef, 0x1fef, kLooks}, {0x2000, 0x200a, kBlank},
    {0x200b, 0x200d, kUnseen}, {0x200e, 0x200f, kBidi}, {0x2028, 0x2029, kLineEnd},
    {0x202a, 0x202e, kBidi}, {0x202f, 0x202f, kBlank}, {0x205f, 0x205f, kBlank},
    {0x2060, 0x2065, kUnseen}, {0x2066, 0x2069, kBidi}, {0x206a, 0x206f, kUnseen},
    {0x2800, 0x2800, kBlank}, {0x3000, 0x3000, kBlank}, {0x3164, 0x3164, kUnseen},
    {0xfe00, 0xfe0f, kUnseen}, {0xfeff, 0xfeff, kUnseen}, {0xffa0, 0xffa0, kUnseen},
    {0xfff0, 0xfffb, kUnseen}, {0xfffe, 0xffff, kUnseen}, {0x13430, 0x1343f, kUnseen},
    {0x16fe4, 0x16fe4, kUnseen}, {0x1bca0, 0x1bca3, kUnseen}, {0x1d159, 0x1d159, kUnseen},
    {0x1d173, 0x1d17a, kUnseen}, {0x1d400, 0x1d7ff, kLooks}, {0xe0000, 0xe0fff, kUnseen}};

// Characters that most fonts draw like a Latin letter, "/" or ":" (Unicode's confusables.txt).
constexpr Range kLikeLatin[] = {
    {0x1c0, 0x1c0}, {0x251, 0x251}, {0x261, 0x261}, {0x269, 0x269}, {0x37f, 0x37f}, {0x391, 0x392},
    {0x395, 0x397}, {0x399, 0x39a}, {0x39c, 0x39d}, {0x39f, 0x39f}, {0x3a1, 0x3a1}, {0x3a4, 0x3a5},
    {0x3a7, 0x3a7}, {0x3b1, 0x3b1}, {0x3b3, 0x3b3}, {0x3b9, 0x3ba}, {0x3bd, 0x3bd}, {0x3bf, 0x3bf},
    {0x3c1, 0x3c1}, {0x3c5, 0x3c5}, {0x3c7, 0x3c7}, {0x3f2, 0x3f3}, {0x3f9, 0x3f9}, {0x400, 0x401},
    {0x405, 0x408}, {0x410, 0x410}, {0x412, 0x412}, {0x415, 0x415}, {0x41a, 0x41a}, {0x41c, 0x41e},
    {0x420, 0x423}, {0x425, 0x425}, {0x42c, 0x42c}, {0x430, 0x430}, {0x433, 0x433}, {0x435, 0x435},
    {0x43e, 0x43e}, {0x440, 0x441}, {0x443, 0x443}, {0x445, 0x445}, {0x450, 0x451}, {0x455, 0x458},
    {0x474, 0x475}, {0x4ae, 0x4af}, {0x4ba, 0x4bb}, {0x4c0, 0x4c0}, {0x4cf, 0x4cf}, {0x501, 0x501},
    {0x50c, 0x50c}, {0x51a, 0x51d}, {0x54d, 0x54d}, {0x555, 0x555}, {0x566, 0x566}, {0x570, 0x570},
    {0x578, 0x578}, {0x57d, 0x57d}, {0x581, 0x581}, {0x585, 0x585}, {0x13a0, 0x13f5},
    {0x1d00, 0x1d22}, {0x2044, 0x2044}, {0x210a, 0x2115}, {0x2119, 0x211d}, {0x212a, 0x212a},
    {0x212c, 0x2134}, {0x2160, 0x217f}, {0x2215, 0x2215}, {0x2236, 0x2236}, {0x29f8, 0x29f8},
    {0xa4d0, 0xa4f7}, {0xa789, 0xa789}, {0xab70, 0xabbf}, {0xff21, 0xff3a}, {0xff41, 0xff5a}};

constexpr Range kLatin[] = {{'A', 'Z'}, {'a', 'z'}, {0xc0, 0xd6}, {0xd8, 0xf6}, {0xf8, 0x24f},
                            {0x1e00, 0x1eff}};
// Greek, Cyrillic and Armenian: a letter that is not like a Latin one shows what the word is.
constexpr Range kForeign[] = {{0x370, 0x58f}, {0x1f00, 0x1fff}, {0xa640, 0xa69f}};
// What does not end a word: digits, combining marks, and what paths and names are joined by.
constexpr Range kJoints[] = {{'-', '9'}, {'_', '_'}, {0x300, 0x36f}};
// clang-format on

const Range* find(std::span<const Range> ranges, char32_t point) {
    const auto after = std::ranges::upper_bound(ranges, point, {}, &Range::first);
    if (after == ranges.begin()) return nullptr;
    const auto* range = &*std::prev(after);
    return point <= range->last ? range : nullptr;
}

class Search {
  public:
    OddText run(string_view text) {
        while (!text.empty()) {
            const auto next = first_char(text);
            if (next.size > 0) {
                take(next.point);
            } else {
                note(here(static_cast<unsigned char>(text[0]), kBytes));
                show();
            }
            before_ = next.size > 0 ? next.point : 0;
            ++at_.column;
            text.remove_prefix(std::max<std::size_t>(next.size, 1));
        }
        end_word();
        end_gap();
        return std::move(found_);
    }

  private:
    OddChar here(char32_t point, string_view what) const {
        return {at_.line, at_.column, point, what};
    }

    void note(const OddChar& odd) {
        if (++found_.count <= kMostOdd) found_.first.push_back(odd);
    }

    void take(char32_t point) {
        if (point == '\n') return end_line();
        look_at_word(point);
        if (point == ' ' || point == '\t') return take_blank(point);
        // Between CJK characters a blank is as wide as they are.
        const bool wide_blank = point == 0x3000 && before_ > point;
        if (const auto* odd = find(kOdd, point); odd != nullptr && !wide_blank) {
            note(here(point, odd->what));
        }
        show();
    }

    void take_blank(char32_t point) {
        const auto wide = point == '\t' ? 8 - width_ % 8 : 1;
        width_ += wide;
        gap_ += wide;
        if (width_ <= kLastColumn) blanks_ += wide;
    }

    // A character that is not a blank.
    void show() {
        if (empty_lines_ >= kManyLines) note(here('\n', kBeneath));
        empty_lines_ = 0;
        shown_ = true;
        end_gap();
        ++width_;
        if (width_ > kLastColumn && blanks_ > kLastColumn / 2) push();
    }

    void end_gap() {
        if (gap_ >= kWideGap && width_ >= kLastColumn) push();
        gap_ = 0;
    }

    void push() {
        if (!pushed_) note(here(' ', kPushed));
        pushed_ = true;
    }

    void end_line() {
        end_word();
        end_gap();
        empty_lines_ = shown_ ? 0 : empty_lines_ + 1;
        at_ = {at_.line + 1, 0, 0, {}};
        width_ = blanks_ = 0;
        shown_ = pushed_ = false;
    }

    void look_at_word(char32_t point) {
        // "\n" before a Russian word is no letter of it.
        const bool escape = before_ == '\\' && point < 0x80 &&
                            string_view("abefnrtv").contains(static_cast<char>(point));
        if (escape) return;
        if (find(kLikeLatin, point) != nullptr) {
            if (!alike_) alike_ = here(point, kMixed);
        } else if (find(kLatin, point) != nullptr) {
            latin_ = true;
        } else if (find(kForeign, point) != nullptr) {
            foreign_ = true;
        } else if (find(kJoints, point) == nullptr) {
            end_word();
        }
    }

    void end_word() {
        if (alike_ && latin_ && !foreign_) note(*alike_);
        alike_.reset();
        latin_ = foreign_ = false;
    }

    OddText found_;
    OddChar at_{1, 1, 0, {}};
    char32_t before_ = 0;
    // Of the line: its width in columns so far, the blanks before kLastColumn, and those at its
    // end.
    std::size_t width_ = 0;
    std::size_t blanks_ = 0;
    std::size_t gap_ = 0;
    std::size_t empty_lines_ = 0;  // lines of blanks before it
    bool shown_ = false;           // it has more than blanks
    bool pushed_ = false;
    // Of the word: the first character like a Latin one, and whether it has Latin and other
    // letters.
    std::optional<OddChar> alike_;
    bool latin_ = false;
    bool foreign_ = false;
};

}  // namespace

bool OddChar::is_byte() const { return what.data() == kBytes.data(); }

OddText find_odd_text(string_view text) { return Search().run(text); }

std::string shown(const OddChar& odd) {
    std::string hex;
    for (auto rest = odd.point; rest > 0 || hex.size() < (odd.is_byte() ? 2 : 4); rest /= 16) {
        hex.insert(hex.begin(), "0123456789ABCDEF"[rest % 16]);
    }
    return (odd.is_byte() ? "byte 0x" : "U+") + hex;
}

std::string in_words(const OddChar& odd) {
    return "line " + std::to_string(odd.line) + ", column " + std::to_string(odd.column) + ": " +
           shown(odd) + ": " + std::string(odd.what);
}

}  // namespace bulkhead::approval
