// Where one worker may connect to: what its rows name, and this host's name servers at their port.
#pragma once
#include <vector>

#include "broker/name_servers.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::broker {

// Of the processes of one cgroup; lasts as long as that.
class Egress {
  public:
    Egress(const NameServers& servers, sys::Fd cgroup)
        : servers_(servers), cgroup_(std::move(cgroup)) {}

    // Before a worker starts in it.
    Result<> raise(std::vector<policy::ConnectRow> rows);
    // When the name servers are others. On an error nobody knows what holds: end the worker.
    Result<> follow();

  private:
    const NameServers& servers_;
    sys::Fd cgroup_;
    std::vector<policy::ConnectRow> rows_;
    std::vector<policy::Address> first_;  // the servers that stood there when it was raised,
    std::uint64_t file_ = 0;              // in this file
};

// Can it be raised here? An error of kind `differs`: the kernel says so and does it not.
Result<> try_egress(int cgroup);

}  // namespace bulkhead::broker
