// Who has approved a manifest by signature, and how many different people that are.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/approval/allowed_signers.hpp"
#include "common/approval/public_key.hpp"
#include "common/base/bytes.hpp"
#include "common/base/parse.hpp"

namespace bulkhead::approval {

// What becomes of one signature.
enum class Standing {
    unknown = 0,   // of no allowed key
    invalid,       // names an allowed key, but is not its signature of these bytes
    revoked,       //
    not_valid,     // the key is not allowed at this time, or not for this namespace
    not_in_group,  // the signer does not approve jobs of this profile
    author,        // the author's own, where that does not count
    good,          // may count
};

struct Signature {
    Standing standing = Standing::unknown;
    std::string principals;   // as allowed_signers lists them, "alice,alice@example.com"
    std::string fingerprint;  // of the key; empty while unknown
};

// A good signature, once for each principal its key stands for.
struct Endorsement {
    std::string principal;
    PublicKey key;
};

// The rule they are held against.
struct Electorate {
    std::span<const std::string> members;  // principals of the group
    std::string_view author;
    bool author_counts = false;
};

struct Count {
    std::vector<Signature> signatures;   // one for each blob, in order
    std::vector<std::string> approvers;  // distinct people with distinct keys, sorted
};

Count count_approvers(std::string_view manifest, std::span<const Bytes> blobs,
                      const AllowedSigners& allowed, const Electorate& electorate, UnixTime time);

// The most people that can be told apart by person *and* key: two keys of one person are one
// person, one key of two people is one key. A maximum matching between principals and keys.
std::vector<std::string> most_distinct(std::span<const Endorsement> endorsements);

}  // namespace bulkhead::approval
