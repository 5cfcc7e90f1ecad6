// allowed_signers: the file of the keys that may approve jobs, in the format that `ssh-keygen -Y
// verify` reads (ssh-keygen(1), ALLOWED SIGNERS; sshsig.c of OpenSSH 9.2).
//
// A line holds principals, options and a key:
//   alice,alice@example.com namespaces="bulkhead-job-v1",valid-before="20270101Z" ssh-ed25519
//   AAAA...
// What ssh-keygen takes as a comment, a blank or another spelling is taken so. A line that uses
// what is not taken here (patterns, cert-authority, times in local time, ...) or that ssh-keygen
// refuses as well is no error of the file: no signature of that line's principals counts then.
// ssh-keygen gives each line that counts the same meaning.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/approval/public_key.hpp"
#include "common/approval/revoked_signers.hpp"
#include "common/base/parse.hpp"
#include "common/base/result.hpp"

namespace bulkhead::approval {

inline constexpr std::size_t kMaxSignersFile = 64 * 1024;  // bytes

struct AllowedSigner {
    std::vector<std::string> principals;  // at least one; plain names unless the line is refused
    PublicKey key;
    std::vector<std::string> namespaces;   // empty: every namespace
    std::optional<UnixTime> valid_after;   // the key is valid from this second
    std::optional<UnixTime> valid_before;  // to this second, inclusive
    unsigned line = 0;                     // of the file, counted from 1
    // Why no signature by this line's key counts: "line 3: ...", where that line names one of the
    // principals and is not understood. Empty: it may count.
    std::string refused{};

    bool allows_namespace(std::string_view name) const;
    // `skew`: it counts so long before it is valid.
    bool valid_at(UnixTime time, std::chrono::seconds skew = {}) const;
    // Whether the line is one of this person's; of a refused line also by a pattern.
    bool names(std::string_view principal) const;
};

// A line without effect, or with none but that its principals are refused.
struct IdleLine {
    unsigned line = 0;
    std::string principals;  // as they stand; "*" where they cannot be told, which is everybody
    std::string why;
};

struct AllowedSigners {
    std::vector<AllowedSigner> signers;
    Revocations revoked{};
    std::vector<IdleLine> refused{};  // that are not understood
    std::vector<IdleLine> foreign{};  // with a key of a type that cannot sign here

    bool is_revoked(const PublicKey& key) const { return revoked.hold(key); }
};

// All but `revoked`. An error if the text has more than kMaxSignersFile bytes.
Result<AllowedSigners> parse_allowed_signers(std::string_view text);

}  // namespace bulkhead::approval
