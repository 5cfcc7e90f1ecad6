#include "cli/systemd/text.hpp"

#include <algorithm>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"

namespace bulkhead::cli::systemd {

namespace {

bool is_blank(char c) { return kBlanks.find(c) != kBlanks.npos; }

void append_utf8(std::string& text, std::uint32_t c) {
    const auto tail = [&](int shift) { text += static_cast<char>(0x80 | ((c >> shift) & 0x3f)); };
    if (c < 0x80) {
        text += static_cast<char>(c);
    } else if (c < 0x800) {
        text += static_cast<char>(0xc0 | (c >> 6));
        tail(0);
    } else if (c < 0x10000) {
        text += static_cast<char>(0xe0 | (c >> 12));
        tail(6);
        tail(0);
    } else {
        text += static_cast<char>(0xf0 | (c >> 18));
        tail(12);
        tail(6);
        tail(0);
    }
}

// The number that `digits` digits of `base` at the front of `text` make.
std::optional<std::uint32_t> number(std::string_view text, std::size_t digits, int base) {
    if (text.size() < digits) return std::nullopt;
    std::uint32_t value = 0;
    const auto* const end = text.data() + digits;
    const auto read = std::from_chars(text.data(), end, value, base);
    if (read.ec != std::errc{} || read.ptr != end || value == 0) return std::nullopt;
    return value;
}

// Takes one escape of C, without its backslash, from the front of `text`; false if it is none.
bool take_escape(std::string_view& text, std::string& word) {
    constexpr std::string_view kNamed = "abfnrtv\\\"'s";
    constexpr std::string_view kMeant = "\a\b\f\n\r\t\v\\\"' ";
    if (text.empty()) return false;
    const auto named = kNamed.find(text[0]);
    if (named != kNamed.npos) {
        word += kMeant[named];
        text.remove_prefix(1);
        return true;
    }
    const bool octal = text[0] >= '0' && text[0] <= '7';
    const bool byte = octal || text[0] == 'x';
    const std::size_t digits = octal ? 3 : text[0] == 'x' ? 2 : text[0] == 'u' ? 4 : 8;
    if (!byte && text[0] != 'u' && text[0] != 'U') return false;
    const std::size_t before = octal ? 0 : 1;
    const auto value = number(text.substr(before), digits, octal ? 8 : 16);
    if (!value || (byte && *value > 0xff)) return false;
    if (byte) {
        word += static_cast<char>(*value);
    } else {
        const bool surrogate = *value >= 0xd800 && *value <= 0xdfff;
        // systemd looks for surrogates in the longer form only.
        if (*value > 0x10ffff || (surrogate && digits == 8)) return false;
        append_utf8(word, *value);
    }
    text.remove_prefix(before + digits);
    return true;
}

bool takes_backslash(std::string_view& text, std::string& word, Escapes escapes) {
    if (escapes != Escapes::dropped && take_escape(text, word)) return true;
    if (escapes == Escapes::c || text.empty()) return false;
    if (escapes == Escapes::c_or_kept) word += '\\';
    word += text[0];
    text.remove_prefix(1);
    return true;
}

// A line that ends with an odd number of backslashes goes on in the next one.
bool goes_on(std::string_view line) {
    const auto last = line.find_last_not_of('\\');
    const auto count = line.size() - (last == line.npos ? 0 : last + 1);
    return count % 2 == 1;
}

bool is_comment(std::string_view line) {
    const auto first = line.find_first_not_of(kBlanks);
    return first != line.npos && (line[first] == '#' || line[first] == ';');
}

// CR, LF, and both together end a line.
std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = text.find_first_of("\r\n");
        lines.push_back(text.substr(0, end));
        if (end == text.npos) break;
        const bool both = text.substr(end, 2) == "\r\n" || text.substr(end, 2) == "\n\r";
        text.remove_prefix(end + (both ? 2 : 1));
    }
    return lines;
}

class Splitter {
  public:
    Splitter(const std::string& file, std::span<const std::string_view> sections)
        : file_(file), sections_(sections) {}

    Result<Lines> split(std::string_view text) {
        if (text.find('\0') != text.npos) return fail(file_ + ": holds a NUL; it is no unit file");
        constexpr std::string_view kMark = "\xef\xbb\xbf";
        std::size_t number = 0;
        bool marked = false;
        for (auto part : split_lines(text)) {
            ++number;
            if (is_comment(part)) continue;
            if (!marked && part.starts_with(kMark)) {
                part.remove_prefix(kMark.size());
                marked = true;
            }
            if (line_.empty()) where_ = place(file_, number);
            line_ += part;
            if (goes_on(part)) {
                line_.back() = ' ';
                continue;
            }
            take(std::exchange(line_, ""));
            if (!result_.wrong.empty()) return std::move(result_);
        }
        take(line_);
        return std::move(result_);
    }

  private:
    void note(std::string_view what) {
        result_.notes.push_back(where_ + ": " + std::string(what) + ", as systemd did");
    }

    void take(std::string_view line) {
        line = stripped(line);
        if (line.empty()) return;
        if (!is_utf8(line)) {
            result_.wrong = where_ + ": is no UTF-8";
            return;
        }
        if (line[0] == '[') return take_section(line);
        const auto equals = line.find('=');
        if (section_.empty()) {
            if (!strange_) note("stands outside of a section and was left out");
            return;
        }
        if (equals == line.npos || equals == 0) {
            note("is no \"Key=value\" and was left out");
            return;
        }
        result_.assignments.push_back({section_, std::string(stripped(line.substr(0, equals))),
                                       std::string(stripped(line.substr(equals + 1))), where_});
    }

    void take_section(std::string_view line) {
        const auto name = line.substr(1, line.size() - 2);
        if (!line.ends_with(']') || !is_safe(name)) {
            result_.wrong = where_ + ": " + quoted(line, 64) + " is no section header";
            return;
        }
        strange_ = std::ranges::find(sections_, name) == sections_.end();
        section_ = strange_ ? "" : name;
        if (strange_ && !name.starts_with("X-")) {
            note("section " + quoted(name, 64) + " is not known here and was left out");
        }
    }

    const std::string& file_;
    std::span<const std::string_view> sections_;
    std::string line_;   // with its continuation lines
    std::string where_;  // the place where it begins
    std::string section_;
    bool strange_ = false;  // in a section that systemd passes over
    Lines result_;
};

}  // namespace

std::string place(const std::string& file, std::size_t line) {
    return file + ":" + std::to_string(line);
}

bool is_variable_name(std::string_view name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    };
    return !name.empty() && std::ranges::all_of(name, fits) && !(name[0] >= '0' && name[0] <= '9');
}

bool is_safe(std::string_view text) {
    const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
    return std::ranges::none_of(text, is_control) && text.find_first_of("\"'\\") == text.npos;
}

std::string_view stripped(std::string_view text) {
    const auto first = text.find_first_not_of(kBlanks);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

Result<std::optional<std::string>> next_word(std::string_view& text, Escapes escapes,
                                             bool open_quotes) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    if (text.empty()) return std::nullopt;
    std::string word;
    char quote = 0;
    while (!text.empty()) {
        const char c = text[0];
        text.remove_prefix(1);
        if (c == '\\') {
            const bool at_end = text.empty();
            if (takes_backslash(text, word, escapes)) continue;
            if (!at_end || !(open_quotes || (escapes == Escapes::c_or_kept && quote == 0))) {
                return fail("a backslash that begins no escape sequence");
            }
            if (escapes == Escapes::c_or_kept) word += c;
            return word;
        }
        if (quote != 0) {
            if (c == quote) {
                quote = 0;
            } else {
                word += c;
            }
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (is_blank(c)) {
            text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
            return word;
        } else {
            word += c;
        }
    }
    if (quote != 0 && !open_quotes) return fail("a quote is not closed");
    return word;
}

Result<Lines> parse_lines(std::string_view text, const std::string& file,
                          std::span<const std::string_view> sections) {
    return Splitter(file, sections).split(text);
}

}  // namespace bulkhead::cli::systemd
