#include "tests/support/own_network.hpp"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <functional>
#include <memory>

#include "common/base/parse.hpp"
#include "common/sys/fd.hpp"

extern "C" unsigned if_nametoindex(const char* name);  // net/if.h and linux/if.h do not mix

namespace bulkhead::test {

namespace {

using Fill = std::function<void(nlmsghdr*)>;

template <class Header>
Result<> change(std::uint16_t type, std::uint16_t flags, const Header& header, const Fill& fill) {
    const std::unique_ptr<mnl_socket, decltype(&mnl_socket_close)> socket(
        mnl_socket_open(NETLINK_ROUTE), &mnl_socket_close);
    if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
        return sys::fail_errno("netlink");
    }
    alignas(nlmsghdr) std::array<char, 8192> buffer{};
    auto* head = mnl_nlmsg_put_header(buffer.data());
    head->nlmsg_type = type;
    head->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    head->nlmsg_seq = 1;
    std::memcpy(mnl_nlmsg_put_extra_header(head, sizeof header), &header, sizeof header);
    fill(head);
    if (mnl_socket_sendto(socket.get(), head, head->nlmsg_len) < 0) {
        return sys::fail_errno("netlink");
    }
    const auto got = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
    if (got < 0) return sys::fail_errno("netlink");
    const auto* answer = reinterpret_cast<const nlmsghdr*>(buffer.data());
    const auto* verdict = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(answer));
    if (verdict->error != 0) return sys::fail_errno("netlink", -verdict->error);
    return {};
}

void put_ip(nlmsghdr* head, std::uint16_t type, const std::string& text) {
    std::array<char, 16> bytes{};
    const bool v6 = text.find(':') != text.npos;
    ::inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), bytes.data());
    mnl_attr_put(head, type, v6 ? 16 : 4, bytes.data());
}

std::uint8_t number_of_family(const std::string& text) {
    return text.find(':') != text.npos ? AF_INET6 : AF_INET;
}

}  // namespace

Result<> enter_own_network() {
    if (::unshare(CLONE_NEWNET) != 0) return sys::fail_errno("unshare network");
    return bring_up(1);  // lo
}

std::uint32_t interface_index(const std::string& name) { return ::if_nametoindex(name.c_str()); }

Result<> add_bridge(const std::string& name) {
    return change(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{}, [&](nlmsghdr* head) {
        mnl_attr_put_strz(head, IFLA_IFNAME, name.c_str());
        auto* nest = mnl_attr_nest_start(head, IFLA_LINKINFO);
        mnl_attr_put_strz(head, IFLA_INFO_KIND, "bridge");
        mnl_attr_nest_end(head, nest);
    });
}

Result<> bring_up(std::uint32_t interface) {
    const ifinfomsg header{
        .ifi_index = static_cast<int>(interface), .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    return change(RTM_NEWLINK, 0, header, [](nlmsghdr*) {});
}

Result<> add_address(std::uint32_t interface, const std::string& ip, std::uint8_t prefix_length) {
    const ifaddrmsg header{.ifa_family = number_of_family(ip),
                           .ifa_prefixlen = prefix_length,
                           .ifa_flags = IFA_F_NODAD,
                           .ifa_index = interface};
    return change(RTM_NEWADDR, NLM_F_CREATE, header, [&](nlmsghdr* head) {
        put_ip(head, IFA_LOCAL, ip);
        put_ip(head, IFA_ADDRESS, ip);
    });
}

Result<> add_neighbour(std::uint32_t interface, const std::string& ip, const std::string& mac) {
    const ndmsg header{.ndm_family = number_of_family(ip),
                       .ndm_ifindex = static_cast<int>(interface),
                       .ndm_state = NUD_PERMANENT};
    return change(RTM_NEWNEIGH, NLM_F_CREATE, header, [&](nlmsghdr* head) {
        put_ip(head, NDA_DST, ip);
        std::string digits;
        for (const char c : mac) digits.append(c == ':' ? "" : std::string(1, c));
        const auto octets = parse_hex(digits).value();
        mnl_attr_put(head, NDA_LLADDR, octets.size(), octets.data());
    });
}

Result<> add_route(std::uint32_t interface, const std::string& destination,
                   std::uint8_t prefix_length, const std::string& gateway) {
    const bool link = gateway.empty();
    const rtmsg header{
        .rtm_family = number_of_family(destination),
        .rtm_dst_len = prefix_length,
        .rtm_table = RT_TABLE_MAIN,
        .rtm_protocol = RTPROT_STATIC,
        .rtm_scope = static_cast<std::uint8_t>(link ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE),
        .rtm_type = RTN_UNICAST};
    return change(RTM_NEWROUTE, NLM_F_CREATE, header, [&](nlmsghdr* head) {
        if (prefix_length > 0) put_ip(head, RTA_DST, destination);
        if (!link) put_ip(head, RTA_GATEWAY, gateway);
        mnl_attr_put_u32(head, RTA_OIF, interface);
    });
}

Result<std::vector<sys::Fd>> connect_to_self(int count) {
    rlimit many{};
    ::getrlimit(RLIMIT_NOFILE, &many);
    if (many.rlim_max < static_cast<rlim_t>(count) + 500) {
        return fail("skip: too few open files allowed here");
    }
    many.rlim_cur = many.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &many) != 0) return sys::fail_errno("RLIMIT_NOFILE");
    std::vector<sys::Fd> sockets;
    sockets.emplace_back(::socket(AF_INET, SOCK_STREAM, 0));
    const int listener = sockets.back().get();
    sockaddr_in here{.sin_family = AF_INET};
    socklen_t size = sizeof here;
    auto* const name = reinterpret_cast<sockaddr*>(&here);
    if (::bind(listener, name, size) != 0 || ::listen(listener, 4'096) != 0 ||
        ::getsockname(listener, name, &size) != 0) {
        return sys::fail_errno("listen");
    }
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < count / 2; ++i) {
        sockets.emplace_back(::socket(AF_INET, SOCK_STREAM, 0));
        if (::connect(sockets.back().get(), name, size) != 0) return sys::fail_errno("connect");
        sockets.emplace_back(::accept(listener, nullptr, nullptr));
        if (!sockets.back()) return sys::fail_errno("accept");
    }
    return sockets;
}

}  // namespace bulkhead::test
