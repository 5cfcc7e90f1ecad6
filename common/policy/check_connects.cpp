#include "common/policy/check_connects.hpp"

#include <algorithm>

#include "common/policy/connect.hpp"
#include "common/policy/walls.hpp"

namespace bulkhead::policy {

std::vector<PolicyRemark> check_connects(const Policy& policy) {
    std::vector<PolicyRemark> remarks;
    const auto warn = [&](const Source& source, std::string text) {
        remarks.push_back({false, source.at(), std::move(text)});
    };
    const auto nets = special_nets();
    const auto* worker = find(policy.parts, "worker");
    for (const auto& row : worker == nullptr ? std::vector<ConnectRow>() : worker->connects) {
        const auto* net = special_of(row, nets);
        if (row.port == kNamePort) {
            warn(
                row.source,
                "the name servers of resolv.conf need no row; this one opens others, and questions "
                "for names carry data out");
        } else if (net != nullptr && net->metadata) {
            warn(row.source, "reaches " + std::string(net->what) +
                                 ": whoever takes the worker over gets what that hands out, often "
                                 "credentials of the machine");
        }
    }
    for (const auto& waiver : policy.waivers) {
        warn(waiver.source,
             "where this host can hold neither addresses nor ports, a worker that was taken over "
             "connects anywhere; take the line out where it can");
    }
    return remarks;
}

}  // namespace bulkhead::policy
