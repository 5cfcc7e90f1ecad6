// Which ports the policy has to let a worker connect to.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "common/policy/policy.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::worker {

// Collects the errors of all backends into one, a line each.
class Problems {
  public:
    void add(const Result<>& done) {
        if (!done) all_ += (all_.empty() ? "" : "\n") + done.error().what;
    }
    Result<> result() const { return all_.empty() ? Result<>() : fail(all_); }

  private:
    std::string all_;
};

// Checks that policy lets the worker connect to the port of each URL (or of its proxy); `allowed`
// are the ports that it names. Without this check connect(2) would fail later with EPERM and no
// advice. The error names every such URL.
Result<> check_ports(const Config& config, const std::vector<std::uint16_t>& allowed);
// The same, and checks of each URL whose host is an address or loopback that a row includes it.
// What a name will stand for is not known here.
Result<> check_addresses(const Config& config, std::span<const policy::ConnectRow> rows);

}  // namespace bulkhead::worker
