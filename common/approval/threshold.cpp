#include "common/approval/threshold.hpp"

#include <algorithm>
#include <map>
#include <numeric>
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

bool is_member(const Electorate& electorate, std::string_view principal) {
    return std::any_of(electorate.quotas.begin(), electorate.quotas.end(),
                       [&](const auto& quota) { return contains(quota.members, principal); });
}

// The standing of a valid signature by the key in `signer`, according to that line.
Standing judge(ByteView blob, const AllowedSigner& signer, const AllowedSigners& allowed,
               const Electorate& electorate, UnixTime time) {
    if (allowed.is_revoked(signer.key)) return Standing::revoked;
    if (!signer.refused.empty()) return Standing::unclear;
    if (!signer.valid_at(time, electorate.skew) ||
        !signer.allows_namespace(electorate.name_space)) {
        return Standing::not_valid;
    }
    const bool author = is_authors(allowed, signer.key, electorate.author);
    const bool member = std::any_of(signer.principals.begin(), signer.principals.end(),
                                    [&](const auto& name) { return is_member(electorate, name); });
    if (!author && !member) return Standing::not_in_group;
    const bool token = signer.key.kind == PublicKey::Kind::sk_ed25519;
    if (electorate.hardware && !token) return Standing::not_hardware;
    if (electorate.verified && !(token && user_verified(blob))) return Standing::not_verified;
    if (author && !member) return Standing::authorship;
    return author && !electorate.author_counts ? Standing::author : Standing::good;
}

// Why the key in `signer` is not valid in `name_space` at `time`, by that line.
std::string validity(const AllowedSigner& signer, std::string_view name_space, UnixTime time) {
    if (!signer.allows_namespace(name_space)) {
        return "not for namespace " + std::string(name_space);
    }
    const auto from = signer.valid_after ? " from " + format_utc(*signer.valid_after) : "";
    const auto to = signer.valid_before ? " to " + format_utc(*signer.valid_before) : "";
    return "valid" + from + to + ", or this host's clock (" + format_utc(time) + ") is wrong";
}

// A directed graph: the nodes to which an arc leads from each node.
using Arcs = std::map<std::string, std::set<std::string>>;
const std::string kEnd = "end";

std::string person(std::string_view principal) { return "person " + std::string(principal); }
// A person is two nodes with one arc between them, so that only one path leads through him.
std::string chosen(std::string_view principal) { return "chosen " + std::string(principal); }

// The arcs from each person to his keys, and from each key to the end.
Arcs arcs_of(std::span<const Endorsement> endorsements) {
    Arcs arcs;
    for (const auto& [principal, key] : endorsements) {
        const auto its = "key " + std::string(as_text(key.point));
        arcs[person(principal)].insert(chosen(principal));
        arcs[chosen(principal)].insert(its);
        arcs[its].insert(kEnd);
    }
    return arcs;
}

// One step of Ford's and Fulkerson's algorithm for a maximum flow, where each arc carries one unit:
// finds a path from `node` to the end and turns its arcs around. So a later path can undo a part of
// an earlier one, which then ends elsewhere.
bool augment(Arcs& arcs, const std::string& node, std::set<std::string>& seen) {
    if (node == kEnd) return true;
    if (!seen.insert(node).second) return false;
    for (const auto& next : std::set(arcs[node])) {
        if (!augment(arcs, next, seen)) continue;
        arcs[node].erase(next);
        arcs[next].insert(node);
        return true;
    }
    return false;
}

bool augment(Arcs& arcs, const std::string& node) {
    std::set<std::string> seen;
    return augment(arcs, node, seen);
}

}  // namespace

std::vector<std::string> most_distinct(std::span<const Endorsement> endorsements) {
    auto arcs = arcs_of(endorsements);
    std::set<std::string> principals;
    for (const auto& each : endorsements) principals.insert(each.principal);
    std::vector<std::string> people;
    for (const auto& principal : principals) {
        // A later step may give this principal another key, but never takes its key away.
        if (augment(arcs, person(principal))) people.push_back(principal);
    }
    return people;
}

std::vector<unsigned> fill(std::span<const Quota> quotas,
                           std::span<const Endorsement> endorsements) {
    auto arcs = arcs_of(endorsements);
    std::vector<unsigned> filled;
    for (const auto& [people, members] : quotas) {
        auto& count = filled.emplace_back(0);
        for (unsigned i = 0; i < people; ++i) {
            const auto seat = "seat " + std::to_string(filled.size()) + "." + std::to_string(i);
            for (const auto& name : members) {
                if (arcs.contains(person(name))) arcs[seat].insert(person(name));
            }
            count += augment(arcs, seat) ? 1 : 0;
        }
    }
    return filled;
}

std::vector<Endorsement> able_signers(const AllowedSigners& allowed, bool token, UnixTime time,
                                      std::string_view name_space) {
    std::vector<Endorsement> able;
    for (const auto& signer : allowed.signers) {
        if (!signer.refused.empty() || !signer.allows_namespace(name_space) ||
            !signer.valid_at(time) || allowed.is_revoked(signer.key) ||
            (token && signer.key.kind != PublicKey::Kind::sk_ed25519)) {
            continue;
        }
        for (const auto& name : signer.principals) able.push_back({name, signer.key});
    }
    return able;
}

std::vector<std::string> who_could_sign(const Count& count, const AllowedSigners& allowed,
                                        const Electorate& electorate, UnixTime time) {
    const auto able = able_signers(allowed, electorate.hardware || electorate.verified, time,
                                   electorate.name_space);
    const auto is_authors = [&](const PublicKey& key) {
        return !electorate.author_counts && std::ranges::any_of(able, [&](const auto& other) {
            return other.key == key && other.principal == electorate.author;
        });
    };
    const auto sum = [](const std::vector<unsigned>& filled) {
        return std::accumulate(filled.begin(), filled.end(), 0U);
    };
    std::set<std::string> names;
    for (const auto& one : able) {
        if (!is_member(electorate, one.principal) || is_authors(one.key)) continue;
        auto more = count.good;
        more.push_back(one);
        if (sum(fill(electorate.quotas, more)) > sum(count.filled)) names.insert(one.principal);
    }
    return {names.begin(), names.end()};
}

bool is_listed(const AllowedSigners& allowed, std::string_view principal) {
    return std::any_of(allowed.signers.begin(), allowed.signers.end(),
                       [&](const auto& signer) { return contains(signer.principals, principal); });
}

Count count_approvers(std::string_view manifest, std::span<const Bytes> blobs,
                      const AllowedSigners& allowed, const Electorate& electorate, UnixTime time) {
    Count count;
    for (const auto& blob : blobs) {
        auto& signature = count.signatures.emplace_back();
        for (const auto& signer : allowed.signers) {
            const auto match = match_sshsig(blob, signer.key, manifest, electorate.name_space);
            if (match == Match::other_key) continue;
            const auto standing = match == Match::invalid
                                      ? Standing::invalid
                                      : judge(blob, signer, allowed, electorate, time);
            if (contains(signer.principals, electorate.author)) {
                count.author = std::max(count.author, standing);
            }
            if (standing == Standing::good) {
                for (const auto& name : signer.principals) {
                    if (is_member(electorate, name)) count.good.push_back({name, signer.key});
                }
            }
            // A key may be in several lines; the highest standing is reported.
            if (standing < signature.standing) continue;
            signature.standing = standing;
            signature.fingerprint = fingerprint(signer.key);
            signature.why = standing == Standing::unclear ? signer.refused
                            : standing == Standing::not_valid
                                ? validity(signer, electorate.name_space, time)
                                : "";
            signature.principals.clear();
            for (const auto& name : signer.principals) {
                signature.principals += (signature.principals.empty() ? "" : ",") + name;
            }
        }
    }
    count.approvers = most_distinct(count.good);
    count.filled = fill(electorate.quotas, count.good);
    return count;
}

}  // namespace bulkhead::approval
