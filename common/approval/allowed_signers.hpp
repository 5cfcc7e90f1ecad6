// allowed_signers: the file of the keys that may approve jobs, in the format that `ssh-keygen -Y
// verify` reads (ssh-keygen(1), ALLOWED SIGNERS).
//
// A line holds principals, options and a key:
//   alice,alice@example.com namespaces="bulkhead-job-v1",valid-before="20270101Z" ssh-ed25519
//   AAAA...
// The parser accepts less than OpenSSH: no patterns, no cert-authority, times in UTC with the Z
// only, Ed25519 keys only. ssh-keygen gives each accepted line the same meaning.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/approval/public_key.hpp"
#include "common/base/parse.hpp"
#include "common/base/result.hpp"

namespace bulkhead::approval {

inline constexpr std::size_t kMaxSignersFile = 64 * 1024;  // bytes

struct AllowedSigner {
    std::vector<std::string> principals;  // at least one
    PublicKey key;
    std::vector<std::string> namespaces;   // empty: every namespace
    std::optional<UnixTime> valid_after;   // the key is valid from this second
    std::optional<UnixTime> valid_before;  // to this second, inclusive
    unsigned line = 0;                     // of the file, counted from 1

    bool allows_namespace(std::string_view name) const;
    bool valid_at(UnixTime time) const;
};

struct AllowedSigners {
    std::vector<AllowedSigner> signers;
    std::vector<PublicKey> revoked;

    bool is_revoked(const PublicKey& key) const;
};

// Both parsers take at most kMaxSignersFile bytes of printable ASCII and tabs. Lines end with LF;
// empty lines and lines that begin with '#' are skipped. An error reads "line 3: valid-after: ...".
Result<std::vector<AllowedSigner>> parse_allowed_signers(std::string_view text);
// Each line holds one public key, as in a revocation file for `ssh-keygen -Y verify -r`:
// "ssh-ed25519 AAAA... comment".
Result<std::vector<PublicKey>> parse_revoked_signers(std::string_view text);

}  // namespace bulkhead::approval
