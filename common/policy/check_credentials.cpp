#include "common/policy/check_credentials.hpp"

#include <algorithm>

#include "common/policy/credentials.hpp"
#include "common/policy/pattern.hpp"

namespace bulkhead::policy {

namespace {

constexpr std::string_view kEnvironment = "/run/credentials/bulkhead.service";
// Directories in which each backend has files of its own.
constexpr std::string_view kOwn[] = {"/etc/bulkhead/credentials/", "/etc/bulkhead/tls/",
                                     "$CREDENTIALS_DIRECTORY/"};
// Secrets of the host that no backend needs.
constexpr std::string_view kHosts[] = {"/etc/shadow",
                                       "/etc/gshadow",
                                       "/etc/ssh/ssh_host_ed25519_key",
                                       "/etc/krb5.keytab",
                                       "/root/.ssh/id_ed25519",
                                       "/etc/ssl/private/ssl-cert-snakeoil.key",
                                       "/etc/machine-id",
                                       "/proc/self/environ",
                                       "/var/lib/bulkhead/broker/ledger",
                                       "/etc/bulkhead/agent.yaml"};

bool holds(const CredentialRow& row, std::string_view backend, std::string_view path) {
    const auto grant = credential_grant(std::span(&row, 1), backend, path, kEnvironment);
    return grant == CredentialGrant::any;
}

}  // namespace

std::vector<PolicyRemark> check_credentials(std::span<const CredentialRow> rows) {
    std::vector<PolicyRemark> remarks;
    const auto warn = [&](const CredentialRow& row, std::string text) {
        remarks.push_back({false, row.source.place(), std::move(text)});
    };
    for (const auto& row : rows) {
        // For a row without a backend the pattern is tried with an arbitrary backend's name.
        const auto backend = row.backend.empty() ? std::string("some") : row.backend;
        const auto lists = [&](std::string_view path) { return holds(row, backend, path); };
        if (const auto* path = std::ranges::find_if(kHosts, lists); path != std::end(kHosts)) {
            warn(row, "hands out files such as " + std::string(*path) +
                          "; a backend's worker needs its own credentials and public certificates");
        }
        const bool own = std::ranges::any_of(
            kOwn, [&](std::string_view place) { return row.pattern.starts_with(place); });
        if (own && is_of_each(row) && !has_wildcard(row.pattern)) {
            warn(row,
                 "each backend's worker may be handed this file; write NAME for the backend's "
                 "name, or: backend NAME");
        }
    }
    return remarks;
}

}  // namespace bulkhead::policy
