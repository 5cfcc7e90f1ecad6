// ListenAddresses: which addresses of this host reach a socket that is bound to none of them.
#pragma once
#include <set>
#include <vector>

#include "worker/host/inventory/inventory.hpp"

namespace bulkhead::worker {

class ListenAddresses {
  public:
    // Refers to `inventory`, which must outlive it.
    explicit ListenAddresses(const Inventory& inventory);

    // Whether no single host has this address: 0.0.0.0 and ::, multicast groups, 255.255.255.255,
    // and the broadcast addresses in this host's routes. A backend would take it for a machine.
    bool is_of_no_host(const IpAddress& address) const;

    // For a socket whose local address is of no host: the address of the socket's family that this
    // host speaks from. That is an address of the interface to which the socket is bound, or else
    // the first of these: what the default route prefers, an address of the default route's
    // interface, the first lasting global address, any address but loopback ones. Without a default
    // route in the main table those of other tables count. A socket of both families gives one of
    // each. Empty if there is none.
    std::vector<IpAddress> of(const Socket& socket) const;

  private:
    std::optional<IpAddress> primary(Family family) const;
    std::optional<IpAddress> on(std::uint32_t interface, Family family) const;

    const Inventory& inventory_;
    std::set<IpAddress> broadcasts_;
    std::optional<IpAddress> v4_;
    std::optional<IpAddress> v6_;
};

}  // namespace bulkhead::worker
