// Lines of the files that OpenSSH reads as well, and of those that withdraw: CR LF, a last line
// without LF, comments and blank lines are no fault there.
#pragma once
#include <string_view>

namespace bulkhead::approval {

inline constexpr std::string_view kBlanks = " \t\r";

// `text` without blanks, tabs and carriage returns at its ends.
inline std::string_view without_blanks(std::string_view text) {
    const auto begin = text.find_first_not_of(kBlanks);
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Calls take(line, number) for each line that is neither blank nor a comment.
void each_line(std::string_view text, auto take) {
    // Editors of some systems begin a file of UTF-8 with this mark, which means nothing.
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    for (unsigned number = 1; !text.empty(); ++number) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
        const auto rest = without_blanks(line);
        if (!rest.empty() && !rest.starts_with('#')) take(rest, number);
    }
}

}  // namespace bulkhead::approval
