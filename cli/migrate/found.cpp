#include "cli/migrate/found.hpp"

#include <algorithm>
#include <optional>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "worker/config/yaml.hpp"

namespace bulkhead::cli::migration {

namespace {

using systemd::place;

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

// The text within quotes that begin and end `value`; nothing where readers differ.
std::optional<std::string> unquoted(std::string_view value) {
    if (value.size() < 2 || value.back() != value.front()) return std::nullopt;
    const auto inside = value.substr(1, value.size() - 2);
    if (inside.find(value.front()) != inside.npos || inside.find('\\') != inside.npos) {
        return std::nullopt;
    }
    return std::string(inside);
}

Result<Found> parse_assignment(std::string_view text, const std::string& where) {
    const auto equals = text.find('=');
    const auto name = trimmed(text.substr(0, equals));
    if (equals == text.npos || !systemd::is_variable_name(name)) {
        return fail(where + ": expected NAME=value; mend the line or put # before it");
    }
    return Found{std::string(name), std::string(text.substr(equals + 1)), where};
}

}  // namespace

Result<std::vector<Found>> parse_settings_lines(std::string_view text, const std::string& file) {
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
        const auto inside = in_quotes ? unquoted(value) : std::string(value);
        if (!inside) {
            return fail(where + ": " + one.name +
                        ": the quotes do not close around the value, or a backslash is within; "
                        "write it without");
        }
        one.text = *inside;
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

}  // namespace bulkhead::cli::migration
