#include "worker/host/inventory/sockets.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include <algorithm>
#include <iterator>
#include <span>

namespace bulkhead::worker {

namespace {

// Those of ss(8). TCP_BOUND_INACTIVE (Linux 6.8) is a socket that is bound and does nothing yet.
constexpr unsigned kBoundInactive = 13;
constexpr std::uint32_t kStates = ~(1U << kBoundInactive);

IpAddress address_of(const __be32 (&words)[4], Family family) {
    const auto bytes = std::as_bytes(std::span(words));
    return IpAddress::from(family, family == Family::v4 ? bytes.first(4) : bytes)
        .value_or(IpAddress(family));
}

Result<> parse_socket(const nlmsghdr& message, Transport transport, std::vector<Socket>& into) {
    if (message.nlmsg_type != SOCK_DIAG_BY_FAMILY) return {};
    const auto [header, attributes] = TRY(parse_framed<inet_diag_msg>(payload_of(message)));
    const auto family = family_of(header.idiag_family);
    if (!family) return {};
    into.push_back({.transport = transport,
                    .state = header.idiag_state,
                    .v6_only = attributes.u8(INET_DIAG_SKV6ONLY).value_or(0) != 0,
                    .local = address_of(header.id.idiag_src, *family),
                    .local_port = ntohs(header.id.idiag_sport),
                    .remote = address_of(header.id.idiag_dst, *family),
                    .remote_port = ntohs(header.id.idiag_dport),
                    .inode = header.idiag_inode,
                    .uid = header.idiag_uid,
                    .interface = header.id.idiag_if});
    return {};
}

}  // namespace

Result<> parse_tcp_socket(const nlmsghdr& message, std::vector<Socket>& into) {
    return parse_socket(message, Transport::tcp, into);
}

Result<> parse_udp_socket(const nlmsghdr& message, std::vector<Socket>& into) {
    return parse_socket(message, Transport::udp, into);
}

Result<SocketDump> read_sockets(const DumpLimits& limits) {
    struct Part {
        const char* name;
        std::uint8_t family;
        std::uint8_t protocol;
        ParseRow<Socket> parse;
    };
    static constexpr Part kParts[]{{"tcp", AF_INET, IPPROTO_TCP, &parse_tcp_socket},
                                   {"tcp6", AF_INET6, IPPROTO_TCP, &parse_tcp_socket},
                                   {"udp", AF_INET, IPPROTO_UDP, &parse_udp_socket},
                                   {"udp6", AF_INET6, IPPROTO_UDP, &parse_udp_socket}};
    SocketDump all;
    for (const auto& part : kParts) {
        const inet_diag_req_v2 header{
            .sdiag_family = part.family, .sdiag_protocol = part.protocol, .idiag_states = kStates};
        auto dump = within(
            part.name, dump_rows<Socket>({.protocol = NETLINK_SOCK_DIAG,
                                          .type = SOCK_DIAG_BY_FAMILY,
                                          .header = header_bytes(header)},
                                         part.parse, {limits.rows - all.rows.size(), limits.time}));
        if (!dump) {
            all.problems.push_back(dump.error());
            continue;
        }
        std::ranges::move(dump->rows, std::back_inserter(all.rows));
        all.cut |= dump->cut;
    }
    if (all.problems.size() == std::size(kParts)) return within("sockets", all.problems[0]);
    return all;
}

}  // namespace bulkhead::worker
