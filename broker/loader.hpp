// Starts loaders, one at a time: a confined process for one artifact, which answers once and ends.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "broker/artifacts/loader_port.hpp"
#include "broker/context/context.hpp"
#include "broker/options.hpp"
#include "broker/processes/part.hpp"
#include "broker/processes/peer.hpp"

namespace bulkhead::broker {

class Loader {
  public:
    // `program` is absent where the package with the loader is not installed; `why` says so.
    Loader(sys::Loop& loop, Context& broker, const CgroupTree& cgroups, const Options& options,
           PartGround part, Result<sys::Fd> program)
        : loop_(loop),
          broker_(broker),
          cgroups_(cgroups),
          user_(options.loader_user),
          part_(part),
          program_(std::move(program)) {}
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    // See LoaderPort.
    std::string unusable() const;
    Result<> start(LoaderOrder order);

  private:
    Result<> spawn();
    Result<> send();
    void on_ended(int status);
    void release();

    sys::Loop& loop_;
    Context& broker_;
    const CgroupTree& cgroups_;
    std::string user_;
    PartGround part_;
    Result<sys::Fd> program_;
    std::optional<LoaderOrder> order_;
    std::string fault_;
    std::unique_ptr<Peer> peer_;
};

}  // namespace bulkhead::broker
