#include "cli/systemd/pending.hpp"

#include <algorithm>

#include "common/base/text.hpp"

namespace bulkhead::cli::systemd {

namespace {

std::string note(const Assignment& line, const std::string& what) {
    return line.where + ": " + line.key + "=: " + what + ", as systemd did";
}

// The words of a line with their specifiers replaced.
std::vector<Result<std::string>> words_of(const Assignment& line, const Specifiers& specifiers,
                                          Escapes escapes, std::vector<std::string>& raw,
                                          std::vector<std::string>& notes) {
    std::vector<Result<std::string>> words;
    std::string_view rest = line.value;
    while (true) {
        auto word = next_word(rest, escapes);
        if (!word) notes.push_back(note(line, word.error().what + "; the rest was left out"));
        if (!word || !*word) return words;
        auto whole = specifiers.expand(**word);
        if (passes_over(line, whole, notes)) continue;
        raw.push_back(**std::move(word));
        words.push_back(std::move(whole));
    }
}

void put(std::vector<Pending>& into, Pending one) {
    const auto same = std::ranges::find_if(
        into, [&](const Pending& other) { return other.variable.name == one.variable.name; });
    if (same == into.end()) {
        into.push_back(std::move(one));
    } else {
        *same = std::move(one);
    }
}

}  // namespace

bool passes_over(const Assignment& line, const Result<std::string>& whole,
                 std::vector<std::string>& notes) {
    if (whole || !is_invalid(whole.error())) return false;
    notes.push_back(note(line, whole.error().what + "; the word was left out"));
    return true;
}

void take_variables(const Assignment& line, const Specifiers& specifiers,
                    std::vector<Pending>& into, std::vector<std::string>& notes) {
    if (line.value.empty()) into.clear();
    std::vector<std::string> raw;
    const auto words = words_of(line, specifiers, Escapes::c, raw, notes);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& text = words[i] ? *words[i] : raw[i];
        const auto equals = text.find('=');
        const auto name = text.substr(0, equals);
        if (words[i] && (equals == text.npos || !is_variable_name(name) || !is_utf8(text))) {
            notes.push_back(note(line, "a word is no NAME=value and was left out"));
            continue;
        }
        put(into, {{name, equals == text.npos ? "" : text.substr(equals + 1), line.where},
                   words[i] ? "" : words[i].error().what});
    }
}

void take_names(const Assignment& line, const Specifiers& specifiers, Escapes escapes,
                std::vector<Pending>& into, std::vector<std::string>& notes) {
    if (line.value.empty()) into.clear();
    std::vector<std::string> raw;
    const auto words = words_of(line, specifiers, escapes, raw, notes);
    for (std::size_t i = 0; i < words.size(); ++i) {
        into.push_back({{words[i] ? *words[i] : raw[i], "", line.where},
                        words[i] ? "" : words[i].error().what});
    }
}

}  // namespace bulkhead::cli::systemd
