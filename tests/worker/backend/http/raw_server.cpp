#include "tests/worker/backend/http/raw_server.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>

namespace bulkhead::worker::test {

RawServer::RawServer(Talk talk)
    : talk_(std::move(talk)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), generic, length) != 0 || ::listen(listener_.get(), 8) != 0 ||
        ::getsockname(listener_.get(), generic, &length) != 0) {
        std::abort();
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

RawServer::~RawServer() {
    ending_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);  // accept() returns
    thread_.join();
}

void RawServer::serve() {
    while (!ending_) {
        const sys::Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!peer) return;
        ++connections_;
        talk_to(peer);
    }
}

void RawServer::talk_to(const sys::Fd& peer) {
    std::array<char, 4096> buffer;
    const auto got = ::recv(peer.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    talk_(std::string(buffer.data(), static_cast<std::size_t>(got)),
          [this, &peer](std::string_view text) {
              pollfd gone{.fd = peer.get(), .events = POLLRDHUP, .revents = 0};
              if (ending_ || ::poll(&gone, 1, 0) != 0) return false;
              return ::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL) >= 0;
          });
}

}  // namespace bulkhead::worker::test
