// A descriptor whose last close(2) takes a minute, or until end(): a TCP socket with SO_LINGER and
// data that nobody takes (socket(7)). A removed file whose blocks are scattered takes as long and
// needs a disk; to whoever closes it there is no difference.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "common/sys/fd.hpp"

namespace bulkhead::test {

inline constexpr int kLinger = 60;  // seconds

// A server that accepts nobody and reads nothing. `port` 0: any.
inline sys::Fd deaf_server(std::uint16_t& port) {
    sys::Fd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int small = 4096;
    const int on = 1;
    ::setsockopt(server.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    ::setsockopt(server.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{.sin_family = AF_INET,
                        .sin_port = htons(port),
                        .sin_addr = {htonl(INADDR_LOOPBACK)},
                        .sin_zero = {}};
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(server.get(), generic, size) != 0 || ::listen(server.get(), 16) != 0 ||
        ::getsockname(server.get(), generic, &size) != 0) {
        return {};
    }
    port = ntohs(address.sin_port);
    return server;
}

// Connected to it, and full; empty if there is no such server.
inline sys::Fd lingering_client(std::uint16_t port) {
    sys::Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address{.sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr = {htonl(INADDR_LOOPBACK)},
                              .sin_zero = {}};
    if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return {};
    }
    const linger wait{.l_onoff = 1, .l_linger = kLinger};
    ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &wait, sizeof wait);
    const std::string much(64 * 1024, 'x');
    while (::send(client.get(), much.data(), much.size(), MSG_DONTWAIT) > 0) continue;
    return client;
}

class Lingering {
  public:
    Lingering() : server_(deaf_server(port_)), client_(lingering_client(port_)) {
        if (!client_) std::abort();
    }
    ~Lingering() { end(); }
    Lingering(const Lingering&) = delete;
    Lingering& operator=(const Lingering&) = delete;

    int fd() const { return client_.get(); }
    // Closes our copy; it must not be the last one.
    void forget() const { client_.reset(); }
    // The connection is reset, and whoever closes it goes on.
    void end() const { server_.reset(); }

  private:
    std::uint16_t port_ = 0;
    mutable sys::Fd server_;
    mutable sys::Fd client_;
};

}  // namespace bulkhead::test
