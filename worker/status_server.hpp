// What the agent is doing, for `bulkhead status`: whoever connects is told once and is let go.
#pragma once
#include <functional>
#include <map>
#include <string>

#include "common/sys/loop.hpp"

namespace bulkhead::worker {

class StatusServer {
  public:
    using Compose = std::function<std::string()>;  // one JSON document

    // `socket` listens already: the broker made it, the worker may not.
    StatusServer(sys::Loop& loop, sys::Fd socket, Compose compose)
        : loop_(loop), socket_(std::move(socket)), compose_(std::move(compose)) {}
    ~StatusServer();
    Result<> start();

  private:
    void accept();

    sys::Loop& loop_;
    sys::Fd socket_;
    Compose compose_;
};

}  // namespace bulkhead::worker
