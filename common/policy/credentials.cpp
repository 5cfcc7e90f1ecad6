#include "common/policy/credentials.hpp"

#include <algorithm>

#include "common/base/backend_name.hpp"
#include "common/policy/pattern.hpp"

namespace bulkhead::policy {

namespace {

constexpr std::string_view kName = "NAME";

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

}  // namespace bulkhead::policy
