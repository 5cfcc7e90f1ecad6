// BrokerHostFiles: files of the host that the broker opens, by the rows of policy/reads.policy.
#pragma once
#include "worker/broker/client.hpp"
#include "worker/host/readings/host_files.hpp"

namespace bulkhead::worker {

class BrokerHostFiles final : public HostFiles {
  public:
    explicit BrokerHostFiles(BrokerClient& broker) : broker_(broker) {}
    Result<HostRows> each(std::string_view name, std::string_view only,
                          const Visit& visit) override;

  private:
    BrokerClient& broker_;
};

}  // namespace bulkhead::worker
