#include "worker/confine.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "common/sandbox/privileges.hpp"

namespace bulkhead::worker {

Result<> verify_egress(std::span<const std::uint16_t> ports) {
    std::uint16_t port = 1;
    while (port == 53 || std::ranges::count(ports, port) > 0) ++port;
    const sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket && errno == EAFNOSUPPORT) return {};
    if (!socket) return sys::fail_errno("socket");
    const sockaddr_in address{.sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr = {htonl(INADDR_LOOPBACK)},
                              .sin_zero = {}};
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    const int done = ::connect(socket.get(), generic, sizeof address);
    if (done != 0 && errno == EPERM) return {};
    return sandbox::differs("connecting to an address of no row was possible");
}

Result<> confine(const protocol::Handle& seccomp, const std::optional<protocol::Handle>& landlock) {
    return sandbox::confine(seccomp.fd, landlock ? &landlock->fd : nullptr);
}

}  // namespace bulkhead::worker
