// Paths whose content root's programs trust or run. An account that can write there can become
// root.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::policy {

struct TrustedPlace {
    std::string_view path;  // a component may hold * and ?
    std::string_view who;   // who trusts it: "apt, which installs packages from there"
    enum class Deleting { harmless, hurts } deleting = Deleting::harmless;
    // `to_all`: everybody may create files there, so a row gives an account without capabilities no
    // additional right.
    enum class Open { to_owners, to_all } open = Open::to_owners;
};

// The place with the longest path that is `path` or above it, if there is one; then all places
// beneath `path`, in the order of the table.
std::vector<const TrustedPlace*> trusted_places(std::string_view path);

}  // namespace bulkhead::policy
