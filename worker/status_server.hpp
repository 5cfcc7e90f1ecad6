// StatusServer: answers `bulkhead status`. It sends one JSON document to each connection and closes
// it; it reads nothing.
#pragma once
#include <functional>
#include <map>
#include <string>

#include "common/sys/loop.hpp"

namespace bulkhead::worker {

class StatusServer {
  public:
    using Compose = std::function<std::string()>;  // one JSON document

    // `socket` is a listening unix(7) stream socket that the broker made, because the worker may
    // not. `loop` must outlive the server.
    StatusServer(sys::Loop& loop, sys::Fd socket, Compose compose)
        : loop_(loop), socket_(std::move(socket)), compose_(std::move(compose)) {}
    ~StatusServer();
    // Begins to accept connections. Error: that of Loop::watch().
    Result<> start();

  private:
    void accept();

    sys::Loop& loop_;
    sys::Fd socket_;
    Compose compose_;
};

}  // namespace bulkhead::worker
