// HttpServer: HTTP and HTTPS on a loopback port. It parses requests into a Call, and sends an
// Answer, or breaks the connection as the Answer says.
#pragma once

#include <memory>

#include "tests/backend/message.hpp"

namespace bulkhead::reference {

class HttpServer {
  public:
    using Service = std::function<Answer(Call&)>;
    struct Options {
        int port = 0;                       // 0: any free port
        std::string certificate_file = {};  // empty: plain HTTP
        std::string key_file = {};
        std::string client_ca_file = {};  // if set, callers need a certificate of this CA
        std::size_t connections = 64;     // at once; each has a thread, also during a long poll
    };

    HttpServer(Service service, Options options);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Returns once the server listens.
    Outcome<> start();
    /// Ends every connection and waits for its thread: handlers that wait must be woken before.
    void stop();
    [[nodiscard]] int port() const;

  private:
    class Listener;
    std::unique_ptr<Listener> listener_;
};

}  // namespace bulkhead::reference
