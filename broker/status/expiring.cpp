#include "broker/status/expiring.hpp"

#include <algorithm>

namespace bulkhead::broker {

namespace {

constexpr std::size_t kMost = 32;

}  // namespace

std::vector<policy::Expiring> expiring(const Context& broker, UnixTime now) {
    const auto& policy = broker.as_granted();
    const auto runs = broker.ledger.view().runs;
    auto list = policy::expiring(policy, now);
    for (const auto& [name, one] : policy.approved) {
        const auto end = one.manifest.not_after;
        if (end < now) list.push_back({"pinned job", name, end, "approved/" + name + ".manifest"});
    }
    std::erase_if(list, [&](const auto& one) {
        const auto* pinned =
            one.what == "pinned job" ? policy::find(policy.approved, one.name) : nullptr;
        return pinned != nullptr && pinned->manifest.runs.once() &&
               std::ranges::count(runs, pinned->manifest.digest, &admission::PastRun::manifest) > 0;
    });
    std::ranges::sort(list, {}, &policy::Expiring::at);
    if (list.size() > kMost) list.resize(kMost);
    return list;
}

}  // namespace bulkhead::broker
