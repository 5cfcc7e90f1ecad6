#include "worker/host/inventory/listen_addresses.hpp"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <functional>

namespace bulkhead::worker {

namespace {

using Wanted = std::function<bool(const Address&)>;

std::optional<IpAddress> first(const Inventory& inventory, Family family, const Wanted& wanted) {
    if (!inventory.addresses) return std::nullopt;
    for (const auto& address : *inventory.addresses) {
        if (address.ip.family() == family && !address.ip.is_unspecified() && wanted(address)) {
            return address.ip;
        }
    }
    return std::nullopt;
}

// For IPv4 the bit of IFA_F_TEMPORARY is IFA_F_SECONDARY (linux/if_addr.h).
bool lasts(const Address& address) {
    constexpr std::uint32_t kNotLasting =
        IFA_F_TEMPORARY | IFA_F_DEPRECATED | IFA_F_TENTATIVE | IFA_F_DADFAILED;
    return address.ip.family() == Family::v4 || (address.flags & kNotLasting) == 0;
}

bool is_global(const Address& address) {
    return address.scope == RT_SCOPE_UNIVERSE && lasts(address) && !address.ip.is_loopback();
}

bool is_usable(const Address& address) {
    return !address.ip.is_loopback() && (address.flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0;
}

}  // namespace

ListenAddresses::ListenAddresses(const Inventory& inventory) : inventory_(inventory) {
    if (inventory.routes) {
        for (const auto& route : *inventory.routes) {
            if (route.type == RTN_BROADCAST) broadcasts_.insert(route.destination);
        }
    }
    v4_ = primary(Family::v4);
    v6_ = primary(Family::v6);
}

bool ListenAddresses::is_of_no_host(const IpAddress& address) const {
    static const auto kEveryone = *IpAddress::parse("255.255.255.255");
    return address.is_unspecified() || address.is_multicast() || address == kEveryone ||
           broadcasts_.contains(address);
}

// Loopback addresses count only for a socket that is bound to that interface: nobody else reaches
// it. An interface without addresses of its own may be a VRF, whose members have them.
std::optional<IpAddress> ListenAddresses::on(std::uint32_t interface, Family family) const {
    const auto here = [interface](const Address& address) {
        return address.interface == interface;
    };
    const auto member = [&](const Address& address) {
        const auto* link =
            inventory_.links ? find_link(*inventory_.links, address.interface) : nullptr;
        return link != nullptr && link->master == interface;
    };
    for (const auto& place : {Wanted(here), Wanted(member)}) {
        for (const auto quality : {&is_global, &is_usable}) {
            const auto found = first(inventory_, family, [&](const Address& address) {
                return place(address) && quality(address);
            });
            if (found) return found;
        }
    }
    return first(inventory_, family, here);
}

std::optional<IpAddress> ListenAddresses::primary(Family family) const {
    if (inventory_.routes) {
        for (const auto* way : default_routes(*inventory_.routes, family)) {
            if (way->source) return way->source;
            const auto found = first(inventory_, family, [way](const Address& address) {
                return address.interface == way->interface && is_global(address);
            });
            if (found) return found;
        }
    }
    const auto global = first(inventory_, family, &is_global);
    return global ? global : first(inventory_, family, &is_usable);
}

std::vector<IpAddress> ListenAddresses::of(const Socket& socket) const {
    const auto local = socket.local.unmapped();
    const bool both = local.family() == Family::v6 && local.is_unspecified() && !socket.v6_only;
    std::vector<IpAddress> found;
    for (const auto family : {Family::v4, Family::v6}) {
        if (family != local.family() && !both) continue;
        const auto address = socket.interface != 0  ? on(socket.interface, family)
                             : family == Family::v4 ? v4_
                                                    : v6_;
        if (address) found.push_back(*address);
    }
    return found;
}

}  // namespace bulkhead::worker
