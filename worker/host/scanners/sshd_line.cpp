#include "worker/host/scanners/sshd_line.hpp"

#include <algorithm>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// The arguments behind a keyword: blanks divide them, '...' and "..." hold blanks, a backslash
// stands before a quote, a backslash or a blank, and # at the begin of one ends the line.
Result<std::vector<std::string>> split_arguments(std::string_view text) {
    std::vector<std::string> all;
    bool inside = false;  // the next byte belongs to the last argument
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char byte = text[i];
        const bool blank = byte == ' ' || byte == '\t';
        if (!inside) {
            if (blank) continue;
            if (byte == '#') break;
            all.emplace_back();
            inside = true;
        }
        const char after = i + 1 < text.size() ? text[i + 1] : '\0';
        if (byte == '\\' &&
            (after == '\'' || after == '"' || after == '\\' || (quote == 0 && after == ' '))) {
            all.back() += text[++i];
        } else if (quote == 0 && blank) {
            inside = false;
        } else if (quote == 0 && (byte == '"' || byte == '\'')) {
            quote = byte;
        } else if (quote != 0 && byte == quote) {
            quote = 0;
        } else {
            all.back() += byte;
        }
    }
    if (quote != 0) return fail("a quote is not closed");
    return all;
}

}  // namespace

std::string lower(std::string_view text) {
    std::string result(text);
    for (auto& byte : result) {
        if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
    }
    return result;
}

Result<std::int64_t> parse_sshd_number(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\n\v\f\r"), text.size()));
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) return fail("not a number");
    }
    return parse_number<std::int64_t>(text);
}

std::optional<std::string> SshdWords::next() {
    if (!rest_) return std::nullopt;
    const auto text = *std::move(rest_);
    rest_.reset();
    const auto blanks_end = [&](std::size_t from) {
        return std::min(text.find_first_not_of(kBlanks, from), text.size());
    };
    const auto end = text.find_first_of(" \t\r\n\"=");
    if (end == text.npos) return text;
    if (text[end] == '"') {
        const auto close = text.find('"', end + 1);
        if (close == text.npos) return std::nullopt;
        rest_ = text.substr(blanks_end(close + 1));
        return text.substr(0, end) + text.substr(end + 1, close - end - 1);
    }
    auto behind = blanks_end(end + 1);
    if (text[end] != '=' && behind < text.size() && text[behind] == '=') {
        behind = blanks_end(behind + 1);
    }
    rest_ = text.substr(behind);
    return text.substr(0, end);
}

Result<std::optional<SshdLine>> parse_sshd_line(std::string_view line) {
    // The first byte stays, whatever it is.
    while (line.size() > 1 && std::string_view(" \t\r\n\f").contains(line.back())) {
        line.remove_suffix(1);
    }
    if (line.empty()) return std::nullopt;
    SshdWords words(line);
    auto keyword = words.next();
    if (keyword && keyword->empty()) keyword = words.next();
    if (!keyword || keyword->empty() || keyword->starts_with('#')) return std::nullopt;
    SshdLine parsed{.keyword = lower(*keyword), .arguments = {}, .rest = words.rest()};
    if (parsed.rest.empty()) return fail("nothing stands behind " + *keyword);
    parsed.arguments = TRY(split_arguments(parsed.rest));
    return parsed;
}

std::vector<std::string> sshd_lines(std::string_view content) {
    std::vector<std::string> lines(1);
    for (auto line : split(content, '\n')) {
        line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
        const auto end = line.find('\0');
        lines.back() += line.substr(0, end);
        if (end == line.npos) lines.emplace_back();
    }
    return lines;
}

}  // namespace bulkhead::worker
