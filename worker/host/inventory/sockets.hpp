// TCP and UDP sockets of this network namespace, from sock_diag(7).
#pragma once
#include <cstdint>
#include <vector>

#include "worker/host/inventory/netlink.hpp"

namespace bulkhead::worker {

enum class Transport : std::uint8_t { tcp, udp };

struct Socket {
    Transport transport = Transport::tcp;
    std::uint8_t state = 0;  // TCP_ESTABLISHED, TCP_LISTEN, ... (netinet/tcp.h); UDP: 1 or 7
    bool v6_only = false;    // IPV6_V6ONLY (ipv6(7)): a listener on :: accepts no IPv4
    IpAddress local;
    std::uint16_t local_port = 0;
    IpAddress remote;
    std::uint16_t remote_port = 0;  // 0: not connected
    std::uint32_t inode = 0;        // the key of SocketOwners; 0: no process holds it any more
    std::uint32_t uid = 0;
    std::uint32_t interface = 0;  // index it is bound to; 0: none
};

struct SocketDump {
    std::vector<Socket> rows;
    bool cut = false;  // there were more rows than DumpLimits::rows
    // One for each transport and family that could not be listed, such as one whose module
    // (tcp_diag, udp_diag) the kernel lacks; the others are in `rows`.
    std::vector<Error> problems;
};

// Lists TCP and UDP over IPv4 and IPv6, without TCP sockets that neither listen nor connect, each
// within limits.time; limits.rows counts all four. Error only if none of the four could be listed.
Result<SocketDump> read_sockets(const DumpLimits& limits = {});
// Append the socket of a SOCK_DIAG_BY_FAMILY message; ignore other messages and families. Error:
// the message is shorter than its header.
Result<> parse_tcp_socket(const nlmsghdr& message, std::vector<Socket>& into);
Result<> parse_udp_socket(const nlmsghdr& message, std::vector<Socket>& into);

}  // namespace bulkhead::worker
