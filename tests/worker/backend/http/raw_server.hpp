// A loopback server that says whatever a test makes it say, HTTP or not.
#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "common/sys/fd.hpp"

namespace bulkhead::worker::test {

class RawServer {
  public:
    // Called for each connection in turn, with what its first read gave; the connection is closed
    // afterwards. `say` is false once the peer is gone or the server is to end.
    using Say = std::function<bool(std::string_view text)>;
    using Talk = std::function<void(const std::string& request, const Say& say)>;

    explicit RawServer(Talk talk);
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;
    ~RawServer();

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    int connections() const { return connections_; }

  private:
    void serve();
    void talk_to(const sys::Fd& peer);

    Talk talk_;
    sys::Fd listener_;
    int port_ = 0;
    std::atomic<bool> ending_ = false;
    std::atomic<int> connections_ = 0;
    std::thread thread_;
};

}  // namespace bulkhead::worker::test
