#include "worker/host/inventory/inventory.hpp"

namespace bulkhead::worker {

namespace {

template <class Dump, class List>
void keep(Result<Dump> dump, const char* name, List& into, std::vector<std::string>& problems) {
    if (!dump) return problems.push_back(dump.error().what);
    if (dump->cut) {
        problems.push_back(std::string(name) + ": only the first " +
                           std::to_string(dump->rows.size()) + " are looked at");
    }
    into = std::move(dump->rows);
}

}  // namespace

Inventory collect_inventory(const DumpLimits& limits) {
    Inventory all;
    keep(read_links(limits), "links", all.links, all.problems);
    keep(read_addresses(limits), "addresses", all.addresses, all.problems);
    keep(read_neighbours(limits), "neighbours", all.neighbours, all.problems);
    keep(read_routes(limits), "routes", all.routes, all.problems);
    auto sockets = read_sockets(limits);
    if (sockets) {
        for (const auto& problem : sockets->problems) all.problems.push_back(problem.what);
    }
    keep(std::move(sockets), "sockets", all.sockets, all.problems);
    return all;
}

}  // namespace bulkhead::worker
