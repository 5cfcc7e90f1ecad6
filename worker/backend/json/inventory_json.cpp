#include "worker/backend/json/inventory_json.hpp"

#include <linux/rtnetlink.h>
#include <netinet/tcp.h>

#include <array>
#include <set>
#include <utility>

#include "worker/host/inventory/listen_addresses.hpp"

namespace bulkhead::worker {

namespace {

using Text = std::optional<std::string>;

Text unless_empty(std::string text) { return text.empty() ? std::nullopt : Text(std::move(text)); }

Text text_of(const std::optional<IpAddress>& ip) {
    return ip && !ip->is_unspecified() ? Text(ip->text()) : std::nullopt;
}

// The states of ss(8) as Grapheon's agent writes them (agent/grapheon_agent.py).
std::string_view state_of(const Socket& socket) {
    switch (socket.state) {
        case TCP_ESTABLISHED:
            return "established";
        case TCP_SYN_SENT:
            return "syn_sent";
        case TCP_SYN_RECV:
        case 12:  // TCP_NEW_SYN_RECV, include/net/tcp_states.h
            return "syn_recv";
        case TCP_FIN_WAIT1:
            return "fin_wait1";
        case TCP_FIN_WAIT2:
            return "fin_wait2";
        case TCP_TIME_WAIT:
            return "time_wait";
        case TCP_CLOSE_WAIT:
            return "close_wait";
        case TCP_LAST_ACK:
            return "last_ack";
        case TCP_LISTEN:
            return "listen";
        case TCP_CLOSING:
            return "closing";
        default:
            return "unknown";
    }
}

class Mapping {
  public:
    Mapping(const Inventory& inventory, WildcardListeners treatment)
        : inventory_(inventory), treatment_(treatment), listen_(inventory) {}

    InventoryElements take() && {
        if (inventory_.addresses && inventory_.links) {
            for (const auto& address : *inventory_.addresses) add(address);
        }
        if (inventory_.neighbours && inventory_.links) {
            for (const auto& neighbour : *inventory_.neighbours) add(neighbour);
        }
        if (inventory_.sockets) {
            for (const auto& socket : *inventory_.sockets) add(socket);
        }
        if (inventory_.routes && inventory_.links) {
            for (const auto& route : *inventory_.routes) add(route);
        }
        for (const auto& family : unreachable_) {
            elements_.problems.push_back("this host has no " + family +
                                         " address but loopback ones: sockets that listen on every "
                                         "address are left out");
        }
        return std::move(elements_);
    }

  private:
    void put(Collection collection, JsonWriter json) {
        json.end();
        elements_.rows.push_back({collection, std::move(json).take()});
    }

    const Link* link(std::uint32_t index) const { return find_link(*inventory_.links, index); }
    Text link_name(std::uint32_t index) const {
        const auto* found = link(index);
        return found == nullptr ? std::nullopt : unless_empty(found->name);
    }

    // The members are written in the order of their names, so that equal elements have equal text.
    void add(const Address& address) {
        const auto* on = link(address.interface);
        if (address.ip.is_unspecified() || (on != nullptr && on->name == "lo")) return;
        JsonWriter json;
        json.begin_object()
            .put("interface", link_name(address.interface))
            .put("ip_address", address.ip.text())
            .put("mac_address", on == nullptr ? std::nullopt : unless_empty(on->mac))
            .put("prefix_length", address.prefix_length);
        put(Collection::addresses, std::move(json));
    }

    void add(const Neighbour& neighbour) {
        if (neighbour.ip.is_unspecified()) return;
        JsonWriter json;
        json.begin_object()
            .put("interface", link_name(neighbour.interface))
            .put("ip_address", neighbour.ip.text())
            .put("mac_address", unless_empty(neighbour.mac))
            .put("state", neighbour_state(neighbour.state));
        put(Collection::neighbours, std::move(json));
    }

    // Only IPv4 routes of the main table are reported, as by Grapheon's agent (ip route show).
    void add(const Route& route) {
        if (route.destination.family() != Family::v4 || route.table != RT_TABLE_MAIN) return;
        auto destination = route.destination.text();
        if (route.prefix_length != 32) destination += "/" + std::to_string(route.prefix_length);
        if (route.is_default()) destination = "default";
        JsonWriter json;
        json.begin_object()
            .put("destination", destination)
            .put("gateway", text_of(route.gateway))
            .put("interface", link_name(route.interface))
            .put("source_ip", text_of(route.source));
        put(Collection::routes, std::move(json));
    }

    const SocketOwner* owner_of(const Socket& socket) const {
        if (!inventory_.owners) return nullptr;
        const auto found = inventory_.owners->by_inode.find(socket.inode);
        return found == inventory_.owners->by_inode.end() ? nullptr : &found->second;
    }

    void add(const Socket& socket) {
        if (treatment_ == WildcardListeners::raw) return put(socket, socket.local.unmapped());
        // A socket without a remote end has 0.0.0.0 or :: there.
        const auto remote = socket.remote.unmapped();
        if (!remote.is_unspecified() && listen_.is_of_no_host(remote)) return leave_out();
        if (!listen_.is_of_no_host(socket.local.unmapped())) {
            return put(socket, socket.local.unmapped());
        }
        if (treatment_ == WildcardListeners::drop) return leave_out();
        const auto reached_at = listen_.of(socket);
        for (const auto& address : reached_at) put(socket, address);
        if (!reached_at.empty()) return;
        leave_out();
        unreachable_.insert(socket.local.unmapped().family() == Family::v4 ? "IPv4" : "IPv6");
    }

    void leave_out() { ++elements_.left_out; }

    void put(const Socket& socket, const IpAddress& local) {
        const auto* owner = owner_of(socket);
        JsonWriter json;
        json.begin_object()
            .put("local_ip", local.text())
            .put("local_port", socket.local_port)
            .put("pid", owner ? std::optional(owner->pid) : std::nullopt)
            .put("process_name", owner ? unless_empty(owner->name) : std::nullopt)
            .put("protocol", socket.transport == Transport::tcp ? "tcp" : "udp")
            .put("remote_ip", remote_of(socket, local).text())
            .put("remote_port",
                 socket.remote_port == 0 ? std::nullopt : std::optional(socket.remote_port))
            .put("state", state_of(socket));
        put(Collection::connections, std::move(json));
    }

    // The IPv4 side of a listener on :: has 0.0.0.0 as its remote end, as an IPv4 listener has.
    static IpAddress remote_of(const Socket& socket, const IpAddress& local) {
        const auto remote = socket.remote.unmapped();
        return remote.is_unspecified() ? IpAddress(local.family()) : remote;
    }

    const Inventory& inventory_;
    WildcardListeners treatment_;
    ListenAddresses listen_;
    std::set<std::string> unreachable_;  // families without an address to put in place of :: etc.
    InventoryElements elements_;
};

}  // namespace

InventoryElements inventory_elements(const Inventory& inventory, WildcardListeners treatment) {
    return Mapping(inventory, treatment).take();
}

std::string_view array_of(Collection collection) {
    static constexpr std::array<std::string_view, kCollections> kNames{"addresses", "neighbors",
                                                                       "connections", "routes"};
    return kNames[index_of(collection)];
}

std::string with_arrays(JsonWriter json, const std::vector<InventoryElement>& elements,
                        std::initializer_list<Collection> arrays) {
    json.end();
    auto text = std::move(json).take();
    text.pop_back();
    auto element = elements.begin();
    for (const auto collection : arrays) {
        text.append(",\"").append(array_of(collection)).append("\":[");
        const auto* comma = "";
        for (; element != elements.end() && element->collection == collection; ++element) {
            text.append(std::exchange(comma, ",")).append(element->json);
        }
        text += ']';
    }
    return text + '}';
}

}  // namespace bulkhead::worker
