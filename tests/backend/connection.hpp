// One accepted connection, plain or TLS. Of our own rather than cpp-httplib's, because a reference
// backend must be able to break it at any point, to notice that the caller left, and to sleep
// instead of polling between requests.
#pragma once

#include <httplib.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace bulkhead::reference {

class Connection final : public httplib::Stream {
  public:
    /// Owns `fd`. Plain when `tls` is null.
    Connection(int fd, SSL_CTX* tls);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    bool handshake();
    /// Sleeps until the next request begins. False when none comes.
    bool wait_for_request(std::chrono::milliseconds patience);
    /// Sends what is still gathered.
    bool flush();
    /// Drops the connection without a word, and with it whatever was not flushed.
    void cut();
    [[nodiscard]] bool caller_left() const;

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
