// Parsing of netlink messages (netlink(7)); every length in them is checked.
#pragma once
#include <linux/netlink.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"
#include "worker/host/inventory/ip_address.hpp"

namespace bulkhead::worker {

// The state of a dump after one datagram.
struct DumpProgress {
    bool done = false;         // NLMSG_DONE came
    bool interrupted = false;  // NLM_F_DUMP_INTR: rows may be missing or double
};

// Calls `on_row` for each message of the dump `sequence` in `datagram`, which must be aligned for
// nlmsghdr. Errors: the kernel's errno (NLMSG_ERROR, NLMSG_DONE), lost messages (NLMSG_OVERRUN), a
// message that is cut off, and those of `on_row`.
Result<DumpProgress> walk_datagram(ByteView datagram, std::uint32_t sequence,
                                   const std::function<Result<>(const nlmsghdr&)>& on_row);

// The attributes (nlattr, netlink(7)) of one message, or of one attribute that holds others. If a
// type occurs twice, the last one counts. It refers to `data`, which must outlive it.
class Attributes {
  public:
    // Parses what follows the first `skip` bytes of `data`, up to the first malformed attribute.
    explicit Attributes(ByteView data, std::size_t skip = 0);

    // Empty if there is no attribute of this type.
    ByteView bytes(std::uint16_t type) const;
    // nullopt if the attribute is absent or has another size.
    std::optional<std::uint8_t> u8(std::uint16_t type) const;
    std::optional<std::uint32_t> u32(std::uint16_t type) const;
    std::optional<IpAddress> address(std::uint16_t type, Family family) const;
    // The value up to its first NUL if that is UTF-8, else as quoted() writes it.
    std::string text(std::uint16_t type) const;
    // "02:fc:00:00:00:05"; empty unless the value has the six octets of an Ethernet address.
    std::string mac(std::uint16_t type) const;

  private:
    static constexpr std::size_t kTypes = 64;  // larger types are ignored; nobody here asks for one
    std::array<ByteView, kTypes> known_{};
};

// The payload of a message: its fixed part and the attributes behind it.
template <class Header>
struct Framed {
    Header header;
    Attributes attributes;
};

// What follows nlmsghdr; `message` must have passed walk_datagram().
ByteView payload_of(const nlmsghdr& message);

// Error: `payload` is shorter than `Header`.
template <class Header>
Result<Framed<Header>> parse_framed(ByteView payload) {
    if (payload.size() < sizeof(Header)) return fail("netlink: a message is too short");
    Header header{};
    std::memcpy(&header, payload.data(), sizeof header);
    return Framed<Header>{header, Attributes(payload, sizeof header)};
}

}  // namespace bulkhead::worker
