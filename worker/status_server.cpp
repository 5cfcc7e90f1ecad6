#include "worker/status_server.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

namespace bulkhead::worker {

StatusServer::~StatusServer() { loop_.forget(socket_.get()); }

Result<> StatusServer::start() {
    return loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t) { accept(); });
}

void StatusServer::accept() {
    const sys::Fd peer(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!peer) return;
    // The socket buffer is empty, so that one send(2) holds the whole text; if not, it is cut.
    const auto text = compose_() + "\n";
    ::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace bulkhead::worker
