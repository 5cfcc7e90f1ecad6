// The inventory as JSON elements, in the form of Grapheon's check-in (backend/schemas.py), which
// the bulkhead dialect shares.
#pragma once
#include <initializer_list>
#include <vector>

#include "worker/backend/dialect/messages.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

// How a socket is reported whose local address is of no host (ListenAddresses::is_of_no_host()):
// 0.0.0.0, ::, a multicast group, a broadcast address.
enum class WildcardListeners {
    rewrite,  // with each of ListenAddresses::of(); not at all if there is none
    drop,     // not at all
    raw,      // as it is
};

// The elements in the order of Collection. Addresses, neighbours and routes need `inventory.links`
// for the names of interfaces: without it they are left out. IPv4-mapped addresses of sockets are
// IPv4 addresses. Unless `treatment` is raw, a socket that is connected to an address of no host,
// such as a multicast group, is left out.
InventoryElements inventory_elements(const Inventory& inventory, WildcardListeners treatment);

// The name of the array that holds this collection in a report.
std::string_view array_of(Collection collection);

// Closes the object that is open in `json`, after adding `arrays` to it. `elements` must be sorted
// as `arrays` are.
std::string with_arrays(JsonWriter json, const std::vector<InventoryElement>& elements,
                        std::initializer_list<Collection> arrays);

}  // namespace bulkhead::worker
