#include "cli/complete/usage.hpp"

#include <algorithm>
#include <array>

namespace bulkhead::cli {

namespace {

// Words of the usage, with "[", "]" and "|" as words of their own where they are no part of one.
std::vector<std::string> tokens_of(std::string_view text) {
    std::vector<std::string> tokens;
    std::string word;
    const auto end_word = [&] {
        if (word.ends_with("...")) word.resize(word.size() - 3);
        if (!word.empty()) tokens.push_back(std::move(word));
        word.clear();
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\'') {
            const auto end = std::min(text.find('\'', i + 1), text.size());
            word += text.substr(i + 1, end - i - 1);
            i = end;
        } else if (c == ' ' || c == '\n') {
            end_word();
        } else if (c == '[' || c == ']' || (c == '|' && text.substr(i + 1).starts_with("--"))) {
            end_word();
            tokens.emplace_back(1, c);
        } else {
            word += c;
        }
    }
    end_word();
    return tokens;
}

bool is_mark(std::string_view token) { return token == "[" || token == "]" || token == "|"; }
bool is_option(std::string_view token) { return token.size() > 1 && token.starts_with('-'); }

}  // namespace

UsageParts parts_of(std::string_view arguments) {
    constexpr std::array<std::string_view, 4> kProse{"and", "the", "other", "or:"};
    const auto tokens = tokens_of(arguments);
    UsageParts parts;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto& token = tokens[i];
        const auto next = i + 1 < tokens.size() ? std::string_view(tokens[i + 1]) : "]";
        if (is_mark(token) || std::ranges::find(kProse, token) != kProse.end()) continue;
        if (token == "options" && next == "of" && i + 2 < tokens.size()) {
            parts.also_of = tokens[i + 2];
            i += 2;
            continue;
        }
        if (!is_option(token)) {
            parts.operands.push_back(token);
            continue;
        }
        const bool takes_value = token.starts_with("--") && !is_mark(next) && !is_option(next);
        if (takes_value) ++i;
        if (std::ranges::find(parts.options, token, &UsageOption::name) != parts.options.end()) {
            continue;
        }
        parts.options.push_back({token, takes_value ? std::string(next) : ""});
    }
    return parts;
}

std::vector<std::string> alternatives(std::string_view value) {
    std::vector<std::string> found;
    while (true) {
        const auto bar = value.find('|');
        found.emplace_back(value.substr(0, bar));
        if (bar == value.npos) return found;
        value.remove_prefix(bar + 1);
    }
}

}  // namespace bulkhead::cli
