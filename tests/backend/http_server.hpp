// HTTP and HTTPS on a loopback port: turns bytes into a Call, and an Answer into bytes (or into a
// broken promise).
#pragma once

#include <memory>

#include "tests/backend/message.hpp"

namespace bulkhead::reference {

class HttpServer {
  public:
    using Service = std::function<Answer(Call&)>;
    struct Options {
        int port = 0;                       // 0: any free one
        std::string certificate_file = {};  // empty: plain HTTP
        std::string key_file = {};
        std::string client_ca_file = {};  // set: callers must show a certificate of this CA
        std::size_t connections = 64;     // each holds a thread, and so does each long poll
    };

    HttpServer(Service service, Options options);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Listens when it returns.
    Outcome<> start();
    /// Ends every connection. Handlers that sleep must have been woken before.
    void stop();
    [[nodiscard]] int port() const;

  private:
    class Listener;
    std::unique_ptr<Listener> listener_;
};

}  // namespace bulkhead::reference
