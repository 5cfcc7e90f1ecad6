#include "common/approval/threshold.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "common/approval/sshsig.hpp"

namespace bulkhead::approval {

namespace {

bool contains(std::span<const std::string> list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

// True if any line of allowed_signers, valid or not, lists the key under the author's name. So the
// author does not count as a second person by signing under a second name.
bool is_authors(const AllowedSigners& allowed, const PublicKey& key, std::string_view author) {
    return std::any_of(allowed.signers.begin(), allowed.signers.end(), [&](const auto& signer) {
        return signer.key == key && signer.names(author);
    });
}

// The standing of a valid signature by the key in `signer`, according to that line.
Standing judge(const AllowedSigner& signer, const AllowedSigners& allowed,
               const Electorate& electorate, UnixTime time) {
    if (allowed.is_revoked(signer.key)) return Standing::revoked;
    if (!signer.refused.empty()) return Standing::unclear;
    if (!signer.valid_at(time) || !signer.allows_namespace(kNamespace)) return Standing::not_valid;
    if (!electorate.author_counts && is_authors(allowed, signer.key, electorate.author)) {
        return Standing::author;
    }
    const bool member =
        std::any_of(signer.principals.begin(), signer.principals.end(),
                    [&](const auto& name) { return contains(electorate.members, name); });
    return member ? Standing::good : Standing::not_in_group;
}

using KeyId = std::array<std::byte, 32>;

// One step of Kuhn's algorithm for a maximum bipartite matching: assigns a key to `principal`, and
// assigns other keys to earlier principals where that makes one free.
bool place(const std::string& principal, const std::map<std::string, std::set<KeyId>>& keys,
           std::map<KeyId, std::string>& holder, std::set<KeyId>& tried) {
    for (const auto& key : keys.at(principal)) {
        if (!tried.insert(key).second) continue;
        const auto held = holder.find(key);
        if (held == holder.end() || place(std::string(held->second), keys, holder, tried)) {
            holder[key] = principal;
            return true;
        }
    }
    return false;
}

}  // namespace

std::vector<std::string> most_distinct(std::span<const Endorsement> endorsements) {
    std::map<std::string, std::set<KeyId>> keys;
    for (const auto& [principal, key] : endorsements) keys[principal].insert(key.point);
    std::map<KeyId, std::string> holder;
    std::vector<std::string> people;
    for (const auto& [principal, unused] : keys) {
        std::set<KeyId> tried;
        // A later step may give this principal another key, but never takes its key away.
        if (place(principal, keys, holder, tried)) people.push_back(principal);
    }
    return people;
}

Count count_approvers(std::string_view manifest, std::span<const Bytes> blobs,
                      const AllowedSigners& allowed, const Electorate& electorate, UnixTime time) {
    Count count;
    std::vector<Endorsement> good;
    for (const auto& blob : blobs) {
        auto& signature = count.signatures.emplace_back();
        for (const auto& signer : allowed.signers) {
            const auto match = match_sshsig(blob, signer.key, manifest);
            if (match == Match::other_key) continue;
            const auto standing = match == Match::invalid
                                      ? Standing::invalid
                                      : judge(signer, allowed, electorate, time);
            if (standing == Standing::good) {
                for (const auto& name : signer.principals) {
                    if (contains(electorate.members, name)) good.push_back({name, signer.key});
                }
            }
            // A key may be in several lines; the highest standing is reported.
            if (standing < signature.standing) continue;
            signature.standing = standing;
            signature.fingerprint = fingerprint(signer.key);
            signature.why = standing == Standing::unclear ? signer.refused : "";
            signature.principals.clear();
            for (const auto& name : signer.principals) {
                signature.principals += (signature.principals.empty() ? "" : ",") + name;
            }
        }
    }
    count.approvers = most_distinct(good);
    return count;
}

}  // namespace bulkhead::approval
