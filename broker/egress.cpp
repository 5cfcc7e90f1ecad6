#include "broker/egress.hpp"

#include "common/sandbox/egress.hpp"

namespace bulkhead::broker {

Result<> Egress::raise(std::vector<policy::ConnectRow> rows) {
    rows_ = std::move(rows);
    first_ = servers_.addresses();
    file_ = servers_.file();
    return follow();
}

Result<> Egress::follow() {
    auto servers = servers_.addresses();
    // When resolv.conf was replaced, the worker's view still holds the old file: its C library asks
    // the servers of that.
    if (servers_.file() != file_) servers.insert(servers.end(), first_.begin(), first_.end());
    return within("egress",
                  sandbox::raise_egress(cgroup_.get(), {.rows = rows_, .name_servers = servers}));
}

Result<> try_egress(int cgroup) { return within("egress", sandbox::raise_egress(cgroup, {})); }

}  // namespace bulkhead::broker
