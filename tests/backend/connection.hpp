// Connection: one accepted connection, plain or TLS. It replaces cpp-httplib's, because the
// reference backend must be able to break it at any point, to notice that the caller closed it, and
// to wait for a request without polling.
#pragma once

#include <httplib.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace bulkhead::reference {

class Connection final : public httplib::Stream {
  public:
    /// Owns `fd`. If `tls` is null the connection is plain.
    Connection(int fd, SSL_CTX* tls);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    bool handshake();
    /// Waits until the first bytes of the next request have come. False if the caller closed the
    /// connection or `longest` has passed.
    bool wait_for_request(std::chrono::milliseconds longest);
    /// Sends what write() has buffered. False if the connection is broken.
    bool flush();
    /// Ends the connection at once: no TLS close_notify, and nothing that is not flushed is sent.
    void cut();
    /// Whether the caller has closed its end; waits so long for it.
    [[nodiscard]] bool caller_left(std::chrono::milliseconds within = {}) const;

    [[nodiscard]] bool is_readable() const override { return !broken_; }
    [[nodiscard]] bool is_writable() const override { return !broken_; }
    ssize_t read(char* to, std::size_t size) override;
    ssize_t write(const char* from, std::size_t size) override;
    void get_remote_ip_and_port(std::string& ip, int& port) const override;
    void get_local_ip_and_port(std::string& ip, int& port) const override;
    [[nodiscard]] socket_t socket() const override { return fd_; }

  private:
    struct FreeSsl {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };

    bool refill();

    int fd_;
    std::unique_ptr<SSL, FreeSsl> ssl_;
    bool broken_ = false;
    std::vector<char> input_;
    std::size_t input_next_ = 0;
    std::size_t input_end_ = 0;
    std::string output_;
};

}  // namespace bulkhead::reference
