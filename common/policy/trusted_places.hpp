// Places whose content root trusts or runs: whoever may write there is root before long.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::policy {

struct TrustedPlace {
    std::string_view path;  // a component may hold * and ?
    std::string_view who;   // "apt, which installs what lies there"
    enum class Deleting { harmless, hurts } deleting = Deleting::harmless;
    // Everybody may make files there: an account without capabilities gains nothing by a row.
    enum class Open { to_owners, to_all } open = Open::to_owners;
};

// The innermost that holds `path`, if one does, and all that lie beneath it, in the table's order.
std::vector<const TrustedPlace*> trusted_places(std::string_view path);

}  // namespace bulkhead::policy
