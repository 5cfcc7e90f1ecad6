// What is odd lies within the text, and a text in which nothing is odd holds none of what a simpler
// search finds. Plain text in short lines is never odd.
#include <algorithm>

#include "common/approval/odd_text.hpp"
#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;

namespace {

bool is_plain(std::string_view text, const std::vector<std::string_view>& lines) {
    const auto known = [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\n'; };
    const auto fits = [](std::string_view line) { return line.size() < 200; };
    return lines.size() < 50 && std::all_of(text.begin(), text.end(), known) &&
           std::all_of(lines.begin(), lines.end(), fits);
}

bool holds_what_is_always_odd(std::string_view text) {
    const auto control = [](char c) {
        return (c >= 0 && c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
    };
    return !is_utf8(text) || std::any_of(text.begin(), text.end(), control) ||
           text.contains("\xe2\x80\xae") || text.contains("\xe2\x80\x8b") ||
           text.contains("\xef\xbb\xbf") || text.contains(" p\xd0\xb0th ") ||
           text.contains(std::string(200, ' ') + "x");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text(data, size);
    const auto lines = split(text, '\n');
    const auto odd = approval::find_odd_text(text);
    fuzz::require(odd.first.size() == std::min(odd.count, approval::kMostOdd));
    for (const auto& one : odd.first) {
        fuzz::require(one.line >= 1 && one.line <= lines.size() && one.column >= 1);
        fuzz::require(one.column <= lines[one.line - 1].size() + 1 && !one.what.empty());
        fuzz::require(approval::in_words(one).size() < 200);
    }
    if (is_plain(text, lines)) fuzz::require(odd.count == 0);
    if (holds_what_is_always_odd(text)) fuzz::require(odd.count > 0);
    return 0;
}
