// Netlink messages as the kernel sends them (netlink(7)): taken apart with every length checked.
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

// What one datagram of a dump says about the dump.
struct DumpProgress {
    bool done = false;
    bool interrupted = false;  // what is listed changed meanwhile: rows may lack or stand twice
};

// Calls `on_row` for each message of the dump `sequence` in `datagram`. An error when the kernel
// refuses (with its errno) or when a message ends early. `datagram` is aligned as nlmsghdr is.
Result<DumpProgress> walk_datagram(ByteView datagram, std::uint32_t sequence,
                                   const std::function<Result<>(const nlmsghdr&)>& on_row);

// The attributes of one message or of one nest. Of a type that stands twice, the last counts; one
// of the wrong size is absent. Refers to the message.
class Attributes {
  public:
    // Those behind the first `skip` bytes of `data`.
    explicit Attributes(ByteView data, std::size_t skip = 0);

    ByteView bytes(std::uint16_t type) const;
    std::optional<std::uint8_t> u8(std::uint16_t type) const;
    std::optional<std::uint32_t> u32(std::uint16_t type) const;
    std::optional<IpAddress> address(std::uint16_t type, Family family) const;
    // Up to the first NUL; UTF-8, bytes that are not stand as \xNN.
    std::string text(std::uint16_t type) const;
    // "02:fc:00:00:00:05"; empty unless it is six octets, as Ethernet has them.
    std::string mac(std::uint16_t type) const;

  private:
    static constexpr std::size_t kTypes = 64;  // more than any family here has a use for
    std::array<ByteView, kTypes> known_{};
};

// The fixed part in front of the attributes, and what follows it.
template <class Header>
struct Framed {
    Header header;
    Attributes attributes;
};

ByteView payload_of(const nlmsghdr& message);

template <class Header>
Result<Framed<Header>> parse_framed(ByteView payload) {
    if (payload.size() < sizeof(Header)) return fail("netlink: a message is too short");
    Header header{};
    std::memcpy(&header, payload.data(), sizeof header);
    return Framed<Header>{header, Attributes(payload, sizeof header)};
}

}  // namespace bulkhead::worker
