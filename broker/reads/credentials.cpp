#include "broker/reads/credentials.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "broker/reads/walk.hpp"
#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/policy/credentials.hpp"

namespace bulkhead::broker {

namespace {

using policy::CredentialGrant;

constexpr std::string_view kAuthorities = "ca_file";  // of all of them, where one is trusted

// What to do about each reason, after the path.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kAdvice{{
    {"path-not-plain", "name it from / on, without empty, \".\" or \"..\" parts"},
    {"read-absent", "there is no such file"},
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

bool is_plain(std::string_view path) {
    if (!path.starts_with('/') || path.find('\0') != path.npos) return false;
    const auto parts = split(path.substr(1), '/');
    return std::ranges::none_of(
        parts, [](auto part) { return part.empty() || part == "." || part == ".."; });
}

Opened open_granted(const CredentialWish& wish, CredentialGrant grant) {
    const auto found = walk(wish.path, "");
    if (!found) return std::unexpected(found.error());
    return open_found(*found, {.max_bytes = wish.key == kAuthorities ? 1_MiB : 64_KiB,
                               .everybodys = grant == CredentialGrant::everybodys});
}

Opened open_wanted(const CredentialWish& wish, std::span<const policy::CredentialRow> rows) {
    if (!is_plain(wish.path)) return Opened(std::unexpect, "path-not-plain");
    const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
    const auto grant = policy::credential_grant(rows, wish.backend, wish.path,
                                                directory == nullptr ? "" : directory);
    if (grant == CredentialGrant::none) return Opened(std::unexpect, "not-in-policy");
    return open_granted(wish, grant);
}

std::string detail_of(const CredentialWish& wish, std::string_view reason) {
    const std::string path(wish.path), backend(wish.backend);
    if (reason == "not-in-policy") {
        return path +
               ": no row of credentials.policy holds it; move it to /etc/bulkhead/credentials/" +
               backend + "/, or add by credentials.policy.d/NAME.lines: file " + path +
               " backend " + backend + "  # why";
    }
    const auto* advice = std::ranges::find(kAdvice, reason, [](auto& row) { return row.first; });
    return path + ": " + std::string(advice == kAdvice.end() ? reason : advice->second);
}

}  // namespace

CredentialFile open_credential(const CredentialWish& wish,
                               std::span<const policy::CredentialRow> rows, records::Audit& audit,
                               ReadJournal& journal, ReadJournal::Time now) {
    auto opened = open_wanted(wish, rows);
    const auto reason = opened ? "ok" : opened.error();
    const auto row = "credential " + std::string(wish.backend) + " " + std::string(wish.key);
    if (reason != "read-absent" && !journal.note(audit, row, wish.path, reason, now)) {
        opened = Opened(std::unexpect, "audit-write-failed");
    }
    if (opened) return {.detail = {}, .file = *std::move(opened)};
    return {.reason = opened.error(), .detail = detail_of(wish, opened.error()), .file = {}};
}

}  // namespace bulkhead::broker
