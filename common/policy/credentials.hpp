// credentials.policy: the files that the broker may open for a backend's worker.
#pragma once
#include <span>
#include <string_view>

#include "common/policy/lines.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// A pattern may begin with this component, which means the directory that the environment variable
// names (systemd.exec(5), LoadCredential=).
inline constexpr std::string_view kCredentialsDirectory = "$CREDENTIALS_DIRECTORY";

// Parses a line "file PATTERN [backend NAME]".
Result<CredentialRow> take_credential(Line& line);

// True if the row names no backend and its pattern has no NAME, so it holds for every backend.
bool is_of_each(const CredentialRow& row);

// What the rows allow for a file and a backend.
enum class CredentialGrant {
    none,        // the broker must not open it
    everybodys,  // it may, if the file's mode lets everybody read it: only is_of_each() rows match
    any,         // it may
};
// `directory` is the path that kCredentialsDirectory means; if it is empty, such rows do not match.
CredentialGrant credential_grant(std::span<const CredentialRow> rows, std::string_view backend,
                                 std::string_view path, std::string_view directory);

// Of a file's path in agent.yaml: from /, without empty, "." or ".." parts.
bool is_plain_path(std::string_view path);
// How large the file of this key of agent.yaml may be.
std::uint64_t most_bytes_of_credential(std::string_view key);
// Why the broker does not hand a file out, for an operator: the path, what is wrong, what to do.
std::string credential_refusal(std::string_view backend, std::string_view path,
                               std::string_view reason);
// Of an error of sys::walk(): without the command that it ends with, which would change a directory
// that may be somebody's home.
std::string who_could_change(std::string_view error);

}  // namespace bulkhead::policy
