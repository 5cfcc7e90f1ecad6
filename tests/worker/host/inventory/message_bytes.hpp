// Netlink messages made by hand, for parsers that get bytes.
#pragma once
#include <libmnl/libmnl.h>

#include <cstring>
#include <functional>

#include "worker/host/inventory/netlink_message.hpp"

namespace bulkhead::worker::test {

inline constexpr std::uint32_t kSequence = 7;

// One message: its fixed part, and attributes put by `fill`.
template <class Header>
Bytes message(std::uint16_t type, const Header& header,
              const std::function<void(nlmsghdr*)>& fill = {}) {
    alignas(nlmsghdr) char buffer[4096] = {};
    auto* head = mnl_nlmsg_put_header(buffer);
    head->nlmsg_type = type;
    head->nlmsg_seq = kSequence;
    std::memcpy(mnl_nlmsg_put_extra_header(head, sizeof header), &header, sizeof header);
    if (fill) fill(head);
    const auto all = std::as_bytes(std::span(buffer)).first(head->nlmsg_len);
    return {all.begin(), all.end()};
}

// The rows of one datagram, as a dump would collect them.
template <class Row>
Result<std::vector<Row>> rows_of(ByteView datagram,
                                 Result<> (*parse)(const nlmsghdr&, std::vector<Row>&)) {
    std::vector<Row> rows;
    TRY(walk_datagram(datagram, kSequence,
                      [&](const nlmsghdr& head) { return parse(head, rows); }));
    return rows;
}

inline void put_text(nlmsghdr* head, std::uint16_t type, const char* text) {
    mnl_attr_put_strz(head, type, text);
}

}  // namespace bulkhead::worker::test
