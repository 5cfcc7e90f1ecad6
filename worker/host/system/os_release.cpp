#include "worker/host/system/os_release.hpp"

#include <algorithm>
#include <optional>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

// Parses what stands between double quotes, where a backslash escapes ", $, ` and \ only. nullopt
// if a quote is not escaped.
std::optional<std::string> double_quoted(std::string_view inside) {
    std::string value;
    for (std::size_t i = 0; i < inside.size(); ++i) {
        if (inside[i] == '"') return {};
        if (inside[i] == '\\') {
            if (++i == inside.size()) return {};  // the backslash escapes the closing quote
            if (!std::string_view("\"$`\\").contains(inside[i])) value += '\\';
        }
        value += inside[i];
    }
    return value;
}

std::optional<std::string> unquoted(std::string_view value) {
    if (value.empty()) return "";
    const char quote = value.front();
    if (quote == '"' || quote == '\'') {
        if (value.size() < 2 || value.back() != quote) return {};
        const auto inside = value.substr(1, value.size() - 2);
        if (quote == '"') return double_quoted(inside);
        if (inside.contains('\'')) return {};
        return std::string(inside);
    }
    // A bare value must hold nothing that shell would split, expand or run.
    if (value.find_first_of(" \t\"'$`\\;&|<>()*?#") != std::string_view::npos) return {};
    return std::string(value);
}

std::string* field(OsRelease& release, std::string_view name) {
    if (name == "ID") return &release.id;
    if (name == "NAME") return &release.name;
    if (name == "PRETTY_NAME") return &release.pretty_name;
    if (name == "VERSION") return &release.version;
    if (name == "VERSION_ID") return &release.version_id;
    return nullptr;
}

}  // namespace

OsRelease parse_os_release(std::string_view text) {
    OsRelease release;
    std::string lines(text);
    std::ranges::replace(lines, '\r', '\n');  // which ends a line for systemd as well
    for (const auto raw : split(lines, '\n')) {
        const auto line = trimmed(raw);
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        std::string* const slot = field(release, line.substr(0, equals));
        if (slot == nullptr) continue;
        const auto value = unquoted(line.substr(equals + 1));
        if (value && is_utf8(*value)) *slot = *value;
    }
    return release;
}

}  // namespace bulkhead::worker
