#include "worker/host/inventory/netlink_message.hpp"

#include <libmnl/libmnl.h>

#include <algorithm>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMacOctets = 6;

// NLMSG_ERROR carries a negative errno or 0 (netlink(7)), and so does NLMSG_DONE.
Result<> check_status(const nlmsghdr& message) {
    const auto payload = payload_of(message);
    if (payload.size() < sizeof(std::int32_t)) return {};  // an NLMSG_DONE without a status
    std::int32_t code = 0;
    std::memcpy(&code, payload.data(), sizeof code);
    if (code != 0) return sys::fail_errno("netlink", code < 0 ? -code : code);
    return {};
}

}  // namespace

ByteView payload_of(const nlmsghdr& message) {
    return {static_cast<const std::byte*>(mnl_nlmsg_get_payload(&message)),
            mnl_nlmsg_get_payload_len(&message)};
}

Result<DumpProgress> walk_datagram(ByteView datagram, std::uint32_t sequence,
                                   const std::function<Result<>(const nlmsghdr&)>& on_row) {
    DumpProgress progress;
    auto left = static_cast<int>(datagram.size());
    const auto* message = reinterpret_cast<const nlmsghdr*>(datagram.data());
    for (; left > 0; message = mnl_nlmsg_next(message, &left)) {
        // mnl_nlmsg_ok() casts the length to int, so one above 2^31 would pass as negative.
        if (!mnl_nlmsg_ok(message, left) || message->nlmsg_len > datagram.size()) {
            return fail("netlink: a message is cut off");
        }
        if (message->nlmsg_seq != sequence) continue;  // belongs to an earlier try
        progress.interrupted |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
        switch (message->nlmsg_type) {
            case NLMSG_NOOP:
                break;
            case NLMSG_OVERRUN:
                return fail("netlink: messages were lost");
            case NLMSG_DONE:
            case NLMSG_ERROR:
                TRY(check_status(*message));
                progress.done = true;
                return progress;
            default:
                TRY(on_row(*message));
        }
    }
    return progress;
}

Attributes::Attributes(ByteView data, std::size_t skip) {
    const auto start = MNL_ALIGN(skip);
    if (start > data.size()) return;
    auto rest = data.subspan(start);
    const auto* attribute = reinterpret_cast<const nlattr*>(rest.data());
    while (mnl_attr_ok(attribute, static_cast<int>(rest.size()))) {
        const auto type = mnl_attr_get_type(attribute);
        if (type < kTypes) {
            known_[type] = {static_cast<const std::byte*>(mnl_attr_get_payload(attribute)),
                            mnl_attr_get_payload_len(attribute)};
        }
        rest = rest.subspan(std::min<std::size_t>(MNL_ALIGN(attribute->nla_len), rest.size()));
        attribute = reinterpret_cast<const nlattr*>(rest.data());
    }
}

ByteView Attributes::bytes(std::uint16_t type) const {
    return type < kTypes ? known_[type] : ByteView{};
}

std::optional<std::uint8_t> Attributes::u8(std::uint16_t type) const {
    const auto value = bytes(type);
    if (value.size() != sizeof(std::uint8_t)) return std::nullopt;
    return std::to_integer<std::uint8_t>(value[0]);
}

std::optional<std::uint32_t> Attributes::u32(std::uint16_t type) const {
    const auto value = bytes(type);
    std::uint32_t number = 0;
    if (value.size() != sizeof number) return std::nullopt;
    std::memcpy(&number, value.data(), sizeof number);
    return number;
}

std::optional<IpAddress> Attributes::address(std::uint16_t type, Family family) const {
    return IpAddress::from(family, bytes(type));
}

std::string Attributes::text(std::uint16_t type) const {
    auto raw = as_text(bytes(type));
    raw = raw.substr(0, raw.find('\0'));
    return is_utf8(raw) ? std::string(raw) : quoted(raw);
}

std::string Attributes::mac(std::uint16_t type) const {
    const auto octets = bytes(type);
    if (octets.size() != kMacOctets) return "";
    std::string mac;
    for (const auto octet : octets) {
        mac.append(mac.empty() ? "" : ":").append(to_hex(ByteView(&octet, 1)));
    }
    return mac;
}

}  // namespace bulkhead::worker
