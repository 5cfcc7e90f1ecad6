// allowed_signers: who may approve, in the file format that `ssh-keygen -Y verify` reads too.
//
// A line holds principals, options and a key:
//   alice,alice@example.com namespaces="bulkhead-job-v1",valid-before="20270101Z" ssh-ed25519
//   AAAA...
// Narrower than OpenSSH where a reader could be misled: no patterns, no cert-authority, times in
// UTC (with the Z), Ed25519 keys only. Whatever this parser takes, ssh-keygen reads in the same
// way.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/approval/public_key.hpp"
#include "common/base/parse.hpp"
#include "common/base/result.hpp"

namespace bulkhead::approval {

inline constexpr std::size_t kMaxSignersFile = 64 * 1024;

struct AllowedSigner {
    std::vector<std::string> principals;  // one at least
    PublicKey key;
    std::vector<std::string> namespaces;  // none: any namespace
    std::optional<UnixTime> valid_after;  // both ends belong to the time of validity
    std::optional<UnixTime> valid_before;
    unsigned line = 0;

    bool allows_namespace(std::string_view name) const;
    bool valid_at(UnixTime time) const;
};

struct AllowedSigners {
    std::vector<AllowedSigner> signers;
    std::vector<PublicKey> revoked;

    bool is_revoked(const PublicKey& key) const;
};

// Errors read "line 3: valid-after: ...".
Result<std::vector<AllowedSigner>> parse_allowed_signers(std::string_view text);
// One public key a line, as ssh-keygen -r takes it: "ssh-ed25519 AAAA... comment".
Result<std::vector<PublicKey>> parse_revoked_signers(std::string_view text);

}  // namespace bulkhead::approval
