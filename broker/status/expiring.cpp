#include "broker/status/expiring.hpp"

#include <algorithm>

namespace bulkhead::broker {

namespace {

constexpr std::chrono::days kSoon{14};
constexpr std::size_t kMost = 32;

}  // namespace

std::vector<Expiring> expiring(const Context& broker, UnixTime now) {
    const auto& policy = broker.policy->policy;
    const auto runs = broker.ledger.view().runs;
    std::vector<Expiring> list;
    for (const auto& [name, one] : policy.approved) {
        const auto& manifest = one.manifest;
        const bool ran =
            manifest.runs.once() &&
            std::ranges::count(runs, manifest.digest, &admission::PastRun::manifest) > 0;
        if (!ran && manifest.not_after <= now + kSoon) {
            list.push_back({"pinned job", name, manifest.not_after});
        }
    }
    for (const auto& signer : policy.signers.signers) {
        const auto& end = signer.valid_before;
        if (!end || *end <= now || *end > now + kSoon || !signer.refused.empty()) continue;
        list.push_back({"signer", signer.principals.front(), *end});
    }
    std::ranges::sort(list, {}, &Expiring::at);
    if (list.size() > kMost) list.resize(kMost);
    return list;
}

}  // namespace bulkhead::broker
