#include "cli/migrate/found.hpp"

#include <algorithm>
#include <optional>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "worker/config/yaml.hpp"

namespace bulkhead::cli::migration {

namespace {

std::string place(const std::string& file, std::size_t line) {
    return file + ":" + std::to_string(line);
}

// The lines without LF, and without the CR that some editors put in front of it.
std::vector<std::string_view> lines_of(std::string_view text) {
    auto lines = split(text, '\n');
    for (auto& line : lines) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        line = trimmed(line);
    }
    return lines;
}

bool is_comment(std::string_view line) {
    return line.empty() || line.starts_with('#') || line.starts_with(';');
}

bool is_variable(std::string_view name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    };
    return !name.empty() && std::ranges::all_of(name, fits) && !(name[0] >= '0' && name[0] <= '9');
}

// Splits into words as systemd and shells do: at blanks, with quotes and backslash escapes. Nothing
// if a quote is not closed.
std::optional<std::vector<std::string>> quoted_words(std::string_view text) {
    std::vector<std::string> words;
    bool inside = false;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote == 0 && (c == ' ' || c == '\t')) {
            inside = false;
            continue;
        }
        if (!inside) words.emplace_back();
        inside = true;
        if (quote == 0 && (c == '"' || c == '\'')) {
            quote = c;
        } else if (c == quote && quote != 0) {
            quote = 0;
        } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
            words.back() += text[++i];
        } else {
            words.back() += c;
        }
    }
    if (quote != 0) return std::nullopt;
    return words;
}

Result<Found> parse_assignment(std::string_view text, const std::string& where) {
    const auto equals = text.find('=');
    const auto name = trimmed(text.substr(0, equals));
    if (equals == text.npos || !is_variable(name)) {
        return fail(where + ": expected NAME=value; mend the line or put # before it");
    }
    return Found{std::string(name), std::string(text.substr(equals + 1)), where};
}

}  // namespace

Result<std::vector<Found>> parse_environment_file(std::string_view text, const std::string& file) {
    if (!is_utf8(text) || text.find('\0') != text.npos) return fail(file + ": is no text");
    std::vector<Found> found;
    std::size_t number = 0;
    for (auto line : lines_of(text)) {
        const auto where = place(file, ++number);
        if (is_comment(line)) continue;
        if (line.starts_with("export ")) line.remove_prefix(7);
        if (line.ends_with('\\')) {
            return fail(where + ": goes on in the next line; write it as one");
        }
        auto one = TRY(parse_assignment(line, where));
        const auto value = trimmed(one.text);
        const bool in_quotes = value.starts_with('"') || value.starts_with('\'');
        const auto words = in_quotes ? quoted_words(value) : std::nullopt;
        if (in_quotes && (!words || words->size() != 1)) {
            return fail(where + ": " + one.name + ": the quotes do not close around the value");
        }
        one.text = in_quotes ? words->front() : std::string(value);
        found.push_back(std::move(one));
    }
    return found;
}

Result<std::vector<Found>> parse_flat_yaml(const std::string& text, const std::string& file) {
    const auto root = worker::parse_yaml(text);
    if (!root) return fail(file + ":" + root.error().what);
    if (root->kind == worker::YamlNode::Kind::nothing) return std::vector<Found>{};
    if (root->kind != worker::YamlNode::Kind::map) {
        return fail(place(file, static_cast<std::size_t>(root->line)) +
                    ": expected settings, each as \"name: value\"");
    }
    std::vector<Found> found;
    for (const auto& member : root->members) {
        const auto where = place(file, static_cast<std::size_t>(member.line));
        if (member.value.kind == worker::YamlNode::Kind::nothing) continue;
        if (member.value.kind != worker::YamlNode::Kind::scalar) {
            return fail(where + ": " + quoted(member.key, 64) + ": expected one value");
        }
        auto flag = "--" + member.key;
        std::ranges::replace(flag, '_', '-');
        found.push_back({std::move(flag), member.value.text, where});
    }
    return found;
}

Result<UnitFile> parse_unit(std::string_view text, const std::string& file) {
    UnitFile unit;
    std::size_t number = 0;
    bool in_service = false;
    std::string line;   // with its continuation lines
    std::string where;  // file and number of the line where it begins
    for (const auto part : lines_of(text)) {
        ++number;
        if (line.empty()) where = place(file, number);
        if (line.empty() && is_comment(part)) continue;
        line += part;
        if (line.ends_with('\\')) {
            line.back() = ' ';
            continue;
        }
        const std::string whole = std::exchange(line, "");
        if (whole.starts_with('[')) {
            in_service = whole == "[Service]";
            continue;
        }
        const auto equals = whole.find('=');
        if (!in_service || equals == whole.npos) continue;
        const auto key = trimmed(std::string_view(whole).substr(0, equals));
        auto value = trimmed(std::string_view(whole).substr(equals + 1));
        if (key == "EnvironmentFile") {
            const bool optional = value.starts_with('-');
            if (optional) value.remove_prefix(1);
            unit.files.push_back({std::string(value), optional, where});
            continue;
        }
        if (key != "Environment" && key != "ExecStart") continue;
        const auto words = quoted_words(value);
        if (!words) return fail(where + ": " + std::string(key) + "=: a quote is not closed");
        for (std::size_t i = 0; i < words->size(); ++i) {
            if (key == "Environment") {
                unit.environment.push_back(TRY(parse_assignment((*words)[i], where)));
            } else if (i > 0) {
                unit.arguments.push_back({(*words)[i], where});
            }
        }
    }
    return unit;
}

}  // namespace bulkhead::cli::migration
