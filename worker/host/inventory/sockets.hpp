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
    bool v6_only = false;    // a listener on :: that takes no IPv4
    IpAddress local;
    std::uint16_t local_port = 0;
    IpAddress remote;
    std::uint16_t remote_port = 0;  // 0: not connected
    std::uint32_t inode = 0;        // leads to its owner; 0: none has it any more
    std::uint32_t uid = 0;
    std::uint32_t interface = 0;  // index it is bound to; 0: none
};

struct SocketDump {
    std::vector<Socket> rows;
    bool cut = false;
    // A kernel without a module for one transport still lists the other.
    std::vector<Error> problems;
};

Result<SocketDump> read_sockets(const DumpLimits& limits = {});
Result<> parse_tcp_socket(const nlmsghdr& message, std::vector<Socket>& into);
Result<> parse_udp_socket(const nlmsghdr& message, std::vector<Socket>& into);

}  // namespace bulkhead::worker
