#include "common/link/channel.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace bulkhead::link {

Result<std::pair<Channel, Channel>> Channel::pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return sys::fail_errno("socketpair");
    }
    return std::pair(Channel(sys::Fd(ends[0])), Channel(sys::Fd(ends[1])));
}

Result<> Channel::send(ByteView bytes, std::span<const int> descriptors) const {
    if (bytes.size() > kMaxFrame || descriptors.size() > kMaxDescriptors) {
        return fail("message too large", Error::Kind::too_large);
    }
    iovec part{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> control{};
    if (!descriptors.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
    }
    ssize_t sent;
    do {
        sent = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    // ECONNRESET means that the peer closed its end with packets unread. Callers are told EPIPE for
    // every closed end.
    if (sent < 0) return sys::fail_errno("send", errno == ECONNRESET ? EPIPE : errno);
    return {};
}

Result<std::optional<Packet>> Channel::receive() const {
    Packet packet;
    packet.bytes.resize(kMaxFrame);
    iovec part{.iov_base = packet.bytes.data(), .iov_len = packet.bytes.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t got;
    do {
        got = ::recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == ECONNRESET) return std::optional<Packet>{};
    if (got < 0) return sys::fail_errno("receive");
    // Each received descriptor gets its owner before the packet is checked, so that a packet that
    // is refused leaks none.
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
            packet.descriptors.emplace_back(fd);
        }
    }
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        return fail("packet too long", Error::Kind::malformed);
    }
    // recvmsg(2) returns 0 for an empty packet and for a closed peer. Every frame has a header, so
    // 0 means that the peer has closed.
    if (got == 0) return std::optional<Packet>{};
    packet.bytes.resize(static_cast<std::size_t>(got));
    return std::optional(std::move(packet));
}

// Without room for control messages MSG_CTRUNC says that there are some (recvmsg(2)). The queue
// keeps them, because of MSG_PEEK.
bool Channel::next_has_descriptors() const {
    char first = 0;
    iovec part{.iov_base = &first, .iov_len = 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    const auto got = ::recvmsg(fd_.get(), &message, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 && (message.msg_flags & MSG_CTRUNC) != 0;
}

}  // namespace bulkhead::link
