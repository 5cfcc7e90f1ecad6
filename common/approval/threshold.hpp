// Counts how many different people have signed a manifest.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/approval/allowed_signers.hpp"
#include "common/approval/public_key.hpp"
#include "common/approval/sshsig.hpp"
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
    not_in_group,  // the signer is not in a group that approves jobs of this profile
    not_hardware,  // the key is not in a hardware token, and must be
    not_verified,  // the token did not verify its user, and must
    author,        // made by the author, who is in such a group, but does not count here
    authorship,    // made by the author, who is in no such group
    good,          // counts
};

struct Signature {
    Standing standing = Standing::unknown;
    std::string principals;   // as in allowed_signers: "alice,alice@example.com"
    std::string fingerprint;  // of the key; empty if the standing is `unknown`
    std::string why{};        // of `unclear` and `not_valid`: what the line says
};

// A good signature. One key that is listed for several principals makes one of these for each.
struct Endorsement {
    std::string principal;
    PublicKey key;
};

// So many people of a group must sign.
struct Quota {
    unsigned people = 0;
    std::span<const std::string> members;  // principals of the group
};

// Whose signatures count.
struct Electorate {
    std::vector<Quota> quotas;
    std::string_view author;
    bool author_counts = false;
    bool hardware = false;        // only those of keys in hardware tokens
    bool verified = false;        // only those for which a token verified its user
    std::chrono::seconds skew{};  // a key counts so long before it is valid
    // Of the signatures and of the keys' lines: a signature for a job counts for no artifact.
    std::string_view name_space = kNamespace;
};

struct Count {
    std::vector<Signature> signatures;   // one for each blob, in order
    std::vector<Endorsement> good;       // of the signatures that count
    std::vector<std::string> approvers;  // what most_distinct() returns for the good ones
    std::vector<unsigned> filled;        // what fill() returns for the good ones
    // The best standing of a signature by a key of the author's: he has signed if it is at least
    // `author`.
    Standing author = Standing::unknown;
};

// Judges each signature blob of `manifest` at `time` and counts the distinct approvers.
Count count_approvers(std::string_view manifest, std::span<const Bytes> blobs,
                      const AllowedSigners& allowed, const Electorate& electorate, UnixTime time);

// One for each principal and key whose signature counts at that time, or is good as the author's,
// in whatever group they are.
std::vector<Endorsement> able_signers(const AllowedSigners& allowed, bool token, UnixTime time,
                                      std::string_view name_space = kNamespace);
// Those of the groups by whose signature at that time one more would be counted, sorted: neither
// who has been counted, nor the author where he does not count.
std::vector<std::string> who_could_sign(const Count& count, const AllowedSigners& allowed,
                                        const Electorate& electorate, UnixTime time);

// The largest set of principals, sorted, in which each can be assigned a key of its own: a maximum
// matching between principals and keys. Two keys of one person count once, and so does one key that
// two people share.
std::vector<std::string> most_distinct(std::span<const Endorsement> endorsements);

// How many people of each quota there are, if as many as possible are counted and each person and
// each key counts once, for one quota. Who is in two groups is counted for the one that lacks him.
std::vector<unsigned> fill(std::span<const Quota> quotas,
                           std::span<const Endorsement> endorsements);

// True if a line of allowed_signers names the principal.
bool is_listed(const AllowedSigners& allowed, std::string_view principal);

}  // namespace bulkhead::approval
