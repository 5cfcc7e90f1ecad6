#include "common/policy/pinned_twice.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

namespace bulkhead::policy {

namespace {

using approval::ArtifactManifest, approval::Manifest, approval::Target;

template <class Either>
bool are_for_different_hosts(const Either& one, const Either& other) {
    const auto is_host = [](const Target& target) { return target.kind == Target::Kind::host; };
    return std::ranges::all_of(one.targets, is_host) &&
           std::ranges::all_of(other.targets, is_host) &&
           std::ranges::none_of(one.targets, [&](const Target& target) {
               return std::ranges::count(other.targets, target.label, &Target::label) > 0;
           });
}

template <class Either>
bool never_meet(const Either& one, const Either& other, UnixTime now) {
    const auto begin = std::max({one.not_before, other.not_before, now});
    const auto end = std::min(one.not_after, other.not_after);
    return begin > end || one.realm != other.realm || are_for_different_hosts(one, other);
}

}  // namespace

bool are_apart(const Manifest& one, const Manifest& other, UnixTime now) {
    return never_meet(one, other, now);
}

bool are_apart(const ArtifactManifest& one, const ArtifactManifest& other, UnixTime now) {
    return never_meet(one, other, now);
}

namespace {

auto power_of(const Profile& profile) {
    const auto rows = [&](Access access) {
        return std::ranges::count(profile.paths, access, &PathRule::access);
    };
    const auto& [mount, net, ipc, uts, pid] = profile.namespaces;
    const int shared = !mount + !net + !ipc + !uts + !pid;
    return std::tuple(profile.user == "root", std::popcount(profile.capabilities),
                      profile.host_files, rows(Access::devices), rows(Access::write),
                      rows(Access::remove), shared, profile.groups.size(), profile.paths.size());
}

}  // namespace

bool may_share_script(const Policy& policy, const Approved& one, const Approved& other) {
    return std::ranges::any_of(policy.same_scripts, [&](const SameScript& line) {
        return std::ranges::count(line.jobs, one.name) > 0 &&
               std::ranges::count(line.jobs, other.name) > 0;
    });
}

std::vector<PinnedTwice> pinned_twice(const Policy& policy, UnixTime now) {
    std::vector<PinnedTwice> found;
    for (auto second = policy.approved.begin(); second != policy.approved.end(); ++second) {
        for (auto first = policy.approved.begin(); first != second; ++first) {
            const auto& one = first->second;
            const auto& other = second->second;
            if (one.manifest.script_sha256 == other.manifest.script_sha256 &&
                !are_apart(one.manifest, other.manifest, now) &&
                !may_share_script(policy, one, other)) {
                found.push_back({&one, &other});
            }
        }
    }
    return found;
}

bool is_weaker(const Profile* one, const Profile* other) {
    if (one == nullptr || other == nullptr) return one == nullptr && other != nullptr;
    return power_of(*one) < power_of(*other);
}

}  // namespace bulkhead::policy
