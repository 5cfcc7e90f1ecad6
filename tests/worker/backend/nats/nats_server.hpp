// A real nats-server on loopback, and a server that says whatever a test makes it say.
#pragma once
#include <sys/types.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "common/sys/fd.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::worker::test {

class NatsServer {
  public:
    // Where this machine has the program; "" where it has none, and the test skips.
    static std::string program();

    // `settings` are lines of its configuration besides its address and log.
    explicit NatsServer(std::string settings = "");
    NatsServer(const NatsServer&) = delete;
    NatsServer& operator=(const NatsServer&) = delete;
    ~NatsServer() { stop(); }

    // On the port that it had before, if it had one. False when it does not listen.
    bool start();
    void stop();

    int port() const { return port_; }
    std::string at(const std::string& scheme, const std::string& host = "127.0.0.1") const {
        return scheme + "://" + host + ":" + std::to_string(port_);
    }
    // What it has logged: each line that it received and sent, quotation marks of payloads without
    // the \ before them.
    std::string log() const;
    // How often `text` stands there.
    std::size_t logged(const std::string& text) const;

  private:
    bulkhead::test::TempDir directory_;
    std::string settings_;
    pid_t process_ = -1;
    int port_ = -1;
};

// How often `part` stands in `text`.
std::size_t count_of(const std::string& part, const std::string& text);

// Accepts one connection after the other and lets a test talk to each, server first.
class TalkingServer {
  public:
    using Talk = std::function<void(int fd)>;  // the connection is closed behind it
    explicit TalkingServer(Talk talk);
    ~TalkingServer();

    std::string at(const std::string& scheme) const {
        return scheme + "://127.0.0.1:" + std::to_string(port_);
    }
    int connections() const { return connections_; }

    // False once the peer is gone.
    static bool say(int fd, const std::string& text);
    // What the peer sends until it has been quiet for a moment, or is gone.
    static std::string hear(int fd, std::chrono::milliseconds quiet);

  private:
    Talk talk_;
    sys::Fd listener_;
    int port_ = 0;
    std::atomic<bool> ending_ = false;
    std::atomic<int> connections_ = 0;
    std::thread thread_;
};

}  // namespace bulkhead::worker::test
