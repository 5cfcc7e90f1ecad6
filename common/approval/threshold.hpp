// Counts how many different people have signed a manifest.
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

// The result for one signature, from worst to best.
enum class Standing {
    unknown = 0,   // made by no key in allowed_signers
    invalid,       // names such a key, but is not valid for these bytes
    revoked,       // the key is in the list of revoked keys
    unclear,       // a line of allowed_signers for the signer is not understood
    not_valid,     // the key is not allowed at this time, or not for this namespace
    not_in_group,  // the signer is not in the group that approves jobs of this profile
    author,        // made by the author, whose signature does not count here
    good,          // counts
};

struct Signature {
    Standing standing = Standing::unknown;
    std::string principals;   // as in allowed_signers: "alice,alice@example.com"
    std::string fingerprint;  // of the key; empty if the standing is `unknown`
    std::string why{};        // AllowedSigner::refused, if the standing is `unclear`
};

// A good signature. One key that is listed for several principals makes one of these for each.
struct Endorsement {
    std::string principal;
    PublicKey key;
};

// Whose signatures count.
struct Electorate {
    std::span<const std::string> members;  // principals of the group
    std::string_view author;
    bool author_counts = false;
};

struct Count {
    std::vector<Signature> signatures;   // one for each blob, in order
    std::vector<std::string> approvers;  // what most_distinct() returns for the good ones
};

// Judges each signature blob of `manifest` at `time` and counts the distinct approvers.
Count count_approvers(std::string_view manifest, std::span<const Bytes> blobs,
                      const AllowedSigners& allowed, const Electorate& electorate, UnixTime time);

// The largest set of principals, sorted, in which each can be assigned a key of its own: a maximum
// matching between principals and keys. Two keys of one person count once, and so does one key that
// two people share.
std::vector<std::string> most_distinct(std::span<const Endorsement> endorsements);

}  // namespace bulkhead::approval
