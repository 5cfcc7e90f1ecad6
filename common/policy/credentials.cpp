#include "common/policy/credentials.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/backend_name.hpp"
#include "common/base/strong.hpp"
#include "common/policy/pattern.hpp"

namespace bulkhead::policy {

namespace {

constexpr std::string_view kName = "NAME";
constexpr std::string_view kAuthorities = "ca_file";  // of all of them, where one is trusted

// What to do about each reason, after the path.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kAdvice{{
    {"path-not-plain", "name it from / on, without empty, \".\" or \"..\" parts"},
    {"read-absent", "does not exist"},
    {"read-failed", "root could not open it"},
    {"read-link", "a symlink is in the path; name the file where it leads"},
    {"read-not-roots",
     "it and each directory above it must be root's and not writable by group or others"},
    {"read-not-regular", "not a regular file without set-id bits"},
    {"read-not-public",
     "a secret in a place of all backends; move it to /etc/bulkhead/credentials/"},
    {"read-too-large", "more than 64 KiB, or 1 MiB of authorities"},
    {"audit-write-failed", "what cannot be recorded is not handed out"},
}};

// True if the component is "NAME" or begins with "NAME.". A backend's name holds no dot. With
// another separator a pattern such as NAME-* would give backend "a" the files of backend "a-b".
bool begins_with_name(std::string_view component) {
    return component == kName || component.starts_with("NAME.");
}

Result<> require_plain(const Line& line, std::string_view pattern, bool from_environment) {
    const auto parts = split(pattern, '/');
    for (std::size_t i = 1; i < parts.size(); ++i) {
        if (parts[i].empty() || parts[i] == "." || parts[i] == "..") {
            return line.wrong("expected a path without empty, \".\" or \"..\" parts");
        }
        if (parts[i].find('$') != pattern.npos) {
            return line.wrong(std::string(kCredentialsDirectory) +
                              " is all that begins with $, and stands first");
        }
        if (parts[i].find(kName) != pattern.npos && !begins_with_name(parts[i])) {
            return line.wrong("NAME stands alone between slashes, or before a dot");
        }
    }
    const bool begins = from_environment ? parts[0] == kCredentialsDirectory : parts[0].empty();
    if (begins && parts.size() > 1) return {};
    return line.wrong("expected a path that begins with / or " +
                      std::string(kCredentialsDirectory) + "/");
}

// The pattern with NAME replaced by the backend's name, and without kCredentialsDirectory.
std::string pattern_for(const CredentialRow& row, std::string_view backend) {
    std::string whole;
    for (const auto part : split(row.pattern, '/')) {
        if (part.empty() || part == kCredentialsDirectory) continue;
        whole += "/";
        if (begins_with_name(part)) {
            whole.append(backend).append(part.substr(kName.size()));
        } else {
            whole += part;
        }
    }
    return whole;
}

}  // namespace

bool is_of_each(const CredentialRow& row) {
    return row.backend.empty() && !std::ranges::any_of(split(row.pattern, '/'), begins_with_name);
}

Result<CredentialRow> take_credential(Line& line) {
    CredentialRow row{.pattern = std::string(TRY(line.word("a path or a pattern"))),
                      .backend = {},
                      .source = line.source()};
    row.source.column = line.column();
    TRY(require_plain(line, row.pattern, row.pattern.starts_with('$')));
    if (line.accept("backend")) {
        row.backend = TRY(line.matching(is_backend_name, "a backend's name"));
    }
    return row;
}

CredentialGrant credential_grant(std::span<const CredentialRow> rows, std::string_view backend,
                                 std::string_view path, std::string_view directory) {
    auto grant = CredentialGrant::none;
    for (const auto& row : rows) {
        if (!row.backend.empty() && row.backend != backend) continue;
        auto rest = path;
        if (row.pattern.starts_with(kCredentialsDirectory)) {
            if (directory.empty() || !path.starts_with(directory)) continue;
            rest.remove_prefix(directory.size());
        }
        if (!matches(pattern_for(row, backend), rest)) continue;
        const bool everybodys = has_wildcard(row.pattern) && is_of_each(row);
        grant = std::max(grant, everybodys ? CredentialGrant::everybodys : CredentialGrant::any);
    }
    return grant;
}

bool is_plain_path(std::string_view path) {
    if (!path.starts_with('/') || path.find('\0') != path.npos) return false;
    const auto parts = split(path.substr(1), '/');
    return std::ranges::none_of(
        parts, [](auto part) { return part.empty() || part == "." || part == ".."; });
}

std::uint64_t most_bytes_of_credential(std::string_view key) {
    return key == kAuthorities ? 1_MiB : 64_KiB;
}

std::string credential_refusal(std::string_view backend, std::string_view path,
                               std::string_view reason) {
    const std::string file(path);
    const std::string name(backend);
    if (reason == "not-in-policy") {
        return file +
               ": no row of credentials.policy holds it; move it to /etc/bulkhead/credentials/" +
               name + "/, or add by credentials.policy.d/NAME.lines: file " + file + " backend " +
               name + "  # why";
    }
    const auto* advice = std::ranges::find(kAdvice, reason, [](auto& row) { return row.first; });
    return file + ": " + std::string(advice == kAdvice.end() ? reason : advice->second);
}

std::string who_could_change(std::string_view error) {
    return std::string(error.substr(0, error.find("; run: ")));
}

}  // namespace bulkhead::policy
