#include "broker/reads/credentials.hpp"

#include <cstdlib>

#include "broker/reads/walk.hpp"
#include "common/policy/credentials.hpp"
#include "common/sys/walk.hpp"

namespace bulkhead::broker {

namespace {

using policy::CredentialGrant;

Opened open_granted(const CredentialWish& wish, CredentialGrant grant) {
    const auto found = walk(wish.path, "");
    if (!found) return std::unexpected(found.error());
    return open_found(*found, {.max_bytes = policy::most_bytes_of_credential(wish.key),
                               .everybodys = grant == CredentialGrant::everybodys});
}

Opened open_wanted(const CredentialWish& wish, std::span<const policy::CredentialRow> rows) {
    if (!policy::is_plain_path(wish.path)) return Opened(std::unexpect, "path-not-plain");
    const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
    const auto grant = policy::credential_grant(rows, wish.backend, wish.path,
                                                directory == nullptr ? "" : directory);
    if (grant == CredentialGrant::none) return Opened(std::unexpect, "not-in-policy");
    return open_granted(wish, grant);
}

std::string detail_of(const CredentialWish& wish, std::string_view reason) {
    auto text = policy::credential_refusal(wish.backend, wish.path, reason);
    if (reason != "read-not-roots") return text;
    const auto found = sys::walk(wish.path, "");
    return found ? text : text + ": " + policy::who_could_change(found.error().what);
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
