// Scripts and objects that several manifests of approved/ pin. One that comes bare could then run
// under any of them, so approval.policy has to say that this is meant: "same-script NAME NAME...".
#pragma once
#include <vector>

#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// True if on no host both manifests are within realm, target and time, from `now` on.
bool are_apart(const approval::Manifest& one, const approval::Manifest& other, UnixTime now);
bool are_apart(const approval::ArtifactManifest& one, const approval::ArtifactManifest& other,
               UnixTime now);

struct PinnedTwice {
    const Approved* first = nullptr;
    const Approved* second = nullptr;
};

// Each two manifests that pin the same script, may both decide about it on one host from `now` on,
// and stand in no line "same-script" together.
std::vector<PinnedTwice> pinned_twice(const Policy& policy, UnixTime now);

// True if a line "same-script" names both.
bool may_share_script(const Policy& policy, const Approved& one, const Approved& other);

// True if jobs of `one` may do less than those of `other`. The first difference counts, in this
// order: root, number of capabilities, "files host", number of rows devices, write and remove,
// number of namespaces that are the host's, number of groups, number of all rows. nullptr is a
// profile that policy lacks; it is weaker than any, because its jobs do not run.
bool is_weaker(const Profile* one, const Profile* other);

}  // namespace bulkhead::policy
