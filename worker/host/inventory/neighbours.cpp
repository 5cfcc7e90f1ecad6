#include "worker/host/inventory/neighbours.hpp"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <array>
#include <string_view>

namespace bulkhead::worker {

Result<> parse_neighbour(const nlmsghdr& message, std::vector<Neighbour>& into) {
    if (message.nlmsg_type != RTM_NEWNEIGH) return {};
    const auto [header, attributes] = TRY(parse_framed<ndmsg>(payload_of(message)));
    const auto family = family_of(header.ndm_family);
    if (!family || (header.ndm_state & NUD_NOARP) != 0) return {};
    const auto ip = attributes.address(NDA_DST, *family);
    if (!ip) return {};
    into.push_back({.ip = *ip,
                    .mac = attributes.mac(NDA_LLADDR),
                    .state = header.ndm_state,
                    .interface = static_cast<std::uint32_t>(header.ndm_ifindex)});
    return {};
}

Result<Dump<Neighbour>> read_neighbours(const DumpLimits& limits) {
    const ndmsg header{.ndm_family = AF_UNSPEC};
    return within("neighbours", dump_rows<Neighbour>({.protocol = NETLINK_ROUTE,
                                                      .type = RTM_GETNEIGH,
                                                      .header = header_bytes(header)},
                                                     &parse_neighbour, limits));
}

std::string neighbour_state(std::uint16_t state) {
    struct Name {
        std::uint16_t bit;
        std::string_view text;
    };
    static constexpr std::array<Name, 8> kNames{{{NUD_INCOMPLETE, "incomplete"},
                                                 {NUD_REACHABLE, "reachable"},
                                                 {NUD_STALE, "stale"},
                                                 {NUD_DELAY, "delay"},
                                                 {NUD_PROBE, "probe"},
                                                 {NUD_FAILED, "failed"},
                                                 {NUD_NOARP, "noarp"},
                                                 {NUD_PERMANENT, "permanent"}}};
    std::string names;
    for (const auto& [bit, text] : kNames) {
        if ((state & bit) != 0) names.append(names.empty() ? "" : ",").append(text);
    }
    return names.empty() ? "none" : names;
}

}  // namespace bulkhead::worker
