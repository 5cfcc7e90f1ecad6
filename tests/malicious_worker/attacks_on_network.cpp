// Sockets: other ports, other families, other ways to connect, listening.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "tests/malicious_worker/host_attacks.hpp"

namespace bulkhead::test {

namespace {

const std::vector<std::string> kKilled{"killed"};
constexpr int kPortInPolicy = 4444;  // of the installation; nobody listens

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int tcp() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

long connect_to(int port) {
    const auto address = loopback(port);
    return ::connect(tcp(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

// The same with the old address in the new family's clothes.
long connect_mapped(int port) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(static_cast<std::uint16_t>(port));
    const unsigned char mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
    std::memcpy(&address.sin6_addr, mapped, sizeof mapped);
    return ::connect(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0),
                     reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

// TCP Fast Open connects without connect() (tcp(7)): what looks at connect() alone misses it.
long fast_open_sendto(int port) {
    const auto address = loopback(port);
    return ::sendto(tcp(), "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

long fast_open_sendmsg(int port, bool many) {
    auto address = loopback(port);
    char byte = 'x';
    iovec part{&byte, 1};
    mmsghdr message{};
    message.msg_hdr.msg_name = &address;
    message.msg_hdr.msg_namelen = sizeof address;
    message.msg_hdr.msg_iov = &part;
    message.msg_hdr.msg_iovlen = 1;
    if (many) return ::sendmmsg(tcp(), &message, 1, MSG_FASTOPEN | MSG_NOSIGNAL);
    return ::sendmsg(tcp(), &message.msg_hdr, MSG_FASTOPEN | MSG_NOSIGNAL);
}

// UDP and TCP; an address of IPv4 has 16 bytes, and the kernel takes no shorter one.
long bind_to(int type, int port, socklen_t size) {
    auto address = loopback(port);
    address.sin_addr.s_addr = INADDR_ANY;
    return ::bind(::socket(AF_INET, type | SOCK_CLOEXEC, 0),
                  reinterpret_cast<const sockaddr*>(&address), size);
}

// The machine's own services, and those that a cloud has beside it.
long connect_far(const char* to, int port, int type = SOCK_STREAM) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, to, &address.sin_addr);
    return ::connect(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                     reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

long connect_far6(const char* to, int port, int type = SOCK_STREAM) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET6, to, &address.sin6_addr);
    return ::connect(::socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                     reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

enum class Send { by_sendto, by_sendmsg, by_sendmmsg };

long datagram(int port, Send how) {
    auto address = loopback(port);
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (how == Send::by_sendto) {
        return ::sendto(fd, "x", 1, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    char byte = 'x';
    iovec part{&byte, 1};
    mmsghdr message{};
    message.msg_hdr.msg_name = &address;
    message.msg_hdr.msg_namelen = sizeof address;
    message.msg_hdr.msg_iov = &part;
    message.msg_hdr.msg_iovlen = 1;
    if (how == Send::by_sendmsg) return ::sendmsg(fd, &message.msg_hdr, 0);
    return ::sendmmsg(fd, &message, 1, 0);
}

// One end of a pair of datagram sockets may still write to anybody by name (unix(7)).
long datagram_to(const std::string& name, bool abstract) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + (abstract ? 1 : 0), name.data(), name.size());
    const auto size = offsetof(sockaddr_un, sun_path) + name.size() + 1;
    return ::sendto(ends[0], "x", 1, MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                    static_cast<socklen_t>(size));
}

// Asks rtnetlink to take the loopback interface down; the kernel's answer.
long set_link_down(int) {
    struct {
        nlmsghdr header;
        ifinfomsg link;
    } request{};
    request.header = {.nlmsg_len = sizeof request,
                      .nlmsg_type = RTM_NEWLINK,
                      .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK};
    request.link.ifi_index = 1;
    request.link.ifi_change = 1;  // IFF_UP, to 0
    const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0 || ::sendto(fd, &request, sizeof request, 0, nullptr, 0) < 0) return -1;
    alignas(nlmsghdr) char answer[512];
    if (::recvfrom(fd, answer, sizeof answer, 0, nullptr, nullptr) < 0) return -1;
    nlmsgerr error{};
    std::memcpy(&error, answer + NLMSG_HDRLEN, sizeof error);
    errno = -error.error;
    return error.error;
}

long socket_of(int family, int type, int protocol) { return ::socket(family, type, protocol); }

HostAttack family(const char* name, int domain, int type = SOCK_STREAM, int protocol = 0) {
    return {.name = name, .layer = "seccomp", .walls = kKilled, .act = [=](const Surroundings&) {
                return socket_of(domain, type, protocol);
            }};
}
// Where this kernel filters sockets by address, whatever its Landlock knows.
HostAttack by_address(std::string name, std::function<long(const Surroundings&)> act) {
    return {.name = std::move(name),
            .layer = "egress",
            .walls = {"EPERM", "EACCES"},  // the latter is Landlock's, which is asked first
            .act = std::move(act),
            .egress = true};
}
HostAttack to_port(const char* name, const char* layer, std::vector<std::string> walls,
                   long (*act)(int), int landlock = 0) {
    return {.name = name,
            .layer = layer,
            .walls = std::move(walls),
            .act = [act](const Surroundings& s) { return act(s.port); },
            .landlock = landlock};
}

}  // namespace

std::vector<HostAttack> attacks_on_network() {
    return {
        // For comparison: a port that policy names is reached, and nobody is there.
        {.name = "connect-to-backend",
         .layer = "none",
         .walls = {"ECONNREFUSED"},
         .act = [](const Surroundings&) { return connect_to(kPortInPolicy); }},
        by_address("connect-elsewhere", [](const Surroundings& s) { return connect_to(s.port); }),
        by_address("connect-elsewhere-mapped",
                   [](const Surroundings& s) { return connect_mapped(s.port); }),
        // Ports that policy names, of addresses that it does not.
        by_address("loopback-at-a-named-port",
                   [](const Surroundings&) { return connect_far("127.0.0.1", 443); }),
        by_address("loopback-at-a-named-port-6",
                   [](const Surroundings&) { return connect_far6("::1", 443); }),
        by_address("this-host-at-a-named-port",
                   [](const Surroundings&) { return connect_far("0.0.0.0", 443); }),
        by_address("unspecified-at-a-named-port",
                   [](const Surroundings&) { return connect_far6("::", 443); }),
        by_address("another-loopback-at-the-backends-port",
                   [](const Surroundings&) { return connect_far("127.0.0.2", kPortInPolicy); }),
        by_address("metadata-service",
                   [](const Surroundings&) { return connect_far("169.254.169.254", 443); }),
        by_address("metadata-service-mapped",
                   [](const Surroundings&) { return connect_far6("::ffff:169.254.169.254", 443); }),
        by_address("metadata-service-6",
                   [](const Surroundings&) { return connect_far6("fd00:ec2::254", 443); }),
        by_address("metadata-service-translated",
                   [](const Surroundings&) { return connect_far6("64:ff9b::a9fe:a9fe", 443); }),
        by_address("name-server-of-strangers",
                   [](const Surroundings&) { return connect_far("192.0.2.53", 53, SOCK_DGRAM); }),
        by_address("quic-elsewhere",
                   [](const Surroundings&) { return connect_far("192.0.2.1", 444, SOCK_DGRAM); }),
        to_port("fast-open", "seccomp", kKilled, fast_open_sendto),
        to_port("fast-open-sendmsg", "seccomp", kKilled,
                [](int port) { return fast_open_sendmsg(port, false); }),
        to_port("fast-open-sendmmsg", "seccomp", kKilled,
                [](int port) { return fast_open_sendmsg(port, true); }),
        {.name = "fast-open-by-option",
         .layer = "seccomp",
         .walls = kKilled,
         .act =
             [](const Surroundings&) {
                 const int on = 1;
                 return static_cast<long>(::setsockopt(
                     tcp(), IPPROTO_TCP, 30 /* TCP_FASTOPEN_CONNECT */, &on, sizeof on));
             }},
        to_port("bind", "seccomp", kKilled,
                [](int) { return bind_to(SOCK_STREAM, 0, sizeof(sockaddr_in)); }),
        to_port("bind-udp", "seccomp", kKilled,
                [](int) { return bind_to(SOCK_DGRAM, 5353, sizeof(sockaddr_in)); }),
        to_port("bind-udp-as-netlink", "the kernel", {"EINVAL"},
                [](int) { return bind_to(SOCK_DGRAM, 5353, sizeof(sockaddr_nl)); }),
        {.name = "listen",
         .layer = "seccomp",
         .walls = kKilled,
         .act = [](const Surroundings&) { return static_cast<long>(::listen(tcp(), 1)); }},
        {.name = "kernel-tls",
         .layer = "seccomp",
         .walls = kKilled,
         .act =
             [](const Surroundings&) {
                 return static_cast<long>(::setsockopt(tcp(), IPPROTO_TCP, TCP_ULP, "tls", 3));
             }},
        {.name = "socket-filter",
         .layer = "seccomp",
         .walls = kKilled,
         .act =
             [](const Surroundings&) {
                 return static_cast<long>(::setsockopt(tcp(), SOL_SOCKET, SO_ATTACH_FILTER, "", 0));
             }},
        {.name = "socket-mark",
         .layer = "seccomp",
         .walls = kKilled,
         .act =
             [](const Surroundings&) {
                 const int mark = 1;
                 return static_cast<long>(
                     ::setsockopt(tcp(), SOL_SOCKET, SO_MARK, &mark, sizeof mark));
             }},
        {.name = "raw",
         .layer = "capabilities",
         .walls = {"EPERM"},
         .act = [](const Surroundings&) { return socket_of(AF_INET, SOCK_RAW, IPPROTO_TCP); }},
        {.name = "take-link-down",
         .layer = "capabilities",
         .walls = {"EPERM"},
         .act = [](const Surroundings&) { return set_link_down(0); }},
        {.name = "local-socket",
         .layer = "seccomp",
         .walls = {"EAFNOSUPPORT"},
         .act = [](const Surroundings&) { return socket_of(AF_UNIX, SOCK_STREAM, 0); }},
        {.name = "datagram-to-daemon",
         .layer = "seccomp",
         .walls = kKilled,
         .act = [](const Surroundings& s) { return datagram_to(s.place + "/daemon.sock", false); }},
        {.name = "datagram-to-abstract",
         .layer = "seccomp",
         .walls = kKilled,
         .act = [](const Surroundings& s) { return datagram_to(s.place, true); }},
        family("multipath-tcp", AF_INET, SOCK_STREAM, 262),
        family("sctp", AF_INET, SOCK_STREAM, IPPROTO_SCTP),
        family("ping", AF_INET, SOCK_DGRAM, IPPROTO_ICMP),
        family("packet", AF_PACKET, SOCK_RAW),
        family("packet-cooked", AF_PACKET, SOCK_DGRAM),
        family("packet-of-old", AF_INET, SOCK_PACKET),
        family("packet-of-old-everything", AF_PACKET, SOCK_PACKET, 0x0300),
        family("vsock", AF_VSOCK),
        family("kernel-crypto", AF_ALG, SOCK_SEQPACKET),
        family("bluetooth", AF_BLUETOOTH, SOCK_RAW),
        family("can", AF_CAN, SOCK_RAW, 1),
        family("xdp", AF_XDP, SOCK_RAW),
        family("audit", AF_NETLINK, SOCK_RAW, NETLINK_AUDIT),
        family("firewall", AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER),
        family("kernel-events", AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT),
        family("generic-netlink", AF_NETLINK, SOCK_RAW, NETLINK_GENERIC),
        by_address("udp", [](const Surroundings& s) { return datagram(s.port, Send::by_sendto); }),
        by_address("udp-sendmsg",
                   [](const Surroundings& s) { return datagram(s.port, Send::by_sendmsg); }),
        by_address("udp-sendmmsg",
                   [](const Surroundings& s) { return datagram(s.port, Send::by_sendmmsg); }),
    };
}

}  // namespace bulkhead::test
