// credentials.policy: which files a backend's worker may be handed by root.
#pragma once
#include <span>
#include <string_view>

#include "common/policy/lines.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// The first component of a pattern that stands for the directory of that name in the environment.
inline constexpr std::string_view kCredentialsDirectory = "$CREDENTIALS_DIRECTORY";

// "file PATTERN [backend NAME]"
Result<CredentialRow> take_credential(Line& line);

// For every backend, by its grammar.
bool is_of_each(const CredentialRow& row);

// How far the rows hold a file for a backend. Zero refuses.
enum class CredentialGrant {
    none,
    everybodys,  // by a pattern of no backend in particular: if everybody may read it
    any,
};
// `directory` is what kCredentialsDirectory stands for; empty: nothing.
CredentialGrant credential_grant(std::span<const CredentialRow> rows, std::string_view backend,
                                 std::string_view path, std::string_view directory);

}  // namespace bulkhead::policy
