// Where one worker may connect to: what its rows name, and this host's name servers at their port.
#pragma once
#include <vector>

#include "broker/name_servers.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::broker {

// Restricts connections of the processes of one cgroup (common/sandbox/egress.hpp), until the
// cgroup is removed.
class Egress {
  public:
    Egress(const NameServers& servers, sys::Fd cgroup)
        : servers_(servers), cgroup_(std::move(cgroup)) {}

    // Call before a worker starts in the cgroup.
    Result<> raise(std::vector<policy::ConnectRow> rows);
    // Call when the name servers have changed. After an error it is unknown which addresses are
    // allowed: end the worker.
    Result<> follow();

  private:
    const NameServers& servers_;
    sys::Fd cgroup_;
    std::vector<policy::ConnectRow> rows_;
    std::vector<policy::Address> first_;  // the name servers at raise(),
    std::uint64_t file_ = 0;              // and the inode number of resolv.conf then
};

// Tries whether this kernel can restrict `cgroup`. An error of kind `differs`: the calls succeeded,
// but what the kernel reads back is not what was set.
Result<> try_egress(int cgroup);

}  // namespace bulkhead::broker
