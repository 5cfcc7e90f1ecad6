// The inventory as backends store it: one line of JSON for each thing.
#pragma once
#include <initializer_list>
#include <vector>

#include "worker/backend/dialect/messages.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

// A socket that listens on 0.0.0.0 or ::.
enum class WildcardListeners {
    rewrite,  // as if it listened on the address this host speaks from
    drop,
    raw,
};

std::vector<InventoryElement> inventory_elements(const Inventory& inventory,
                                                 WildcardListeners treatment);

// The array of a report that holds a collection.
std::string_view array_of(Collection collection);

// The arrays of a report behind what `json` holds so far; elements come in their order.
std::string with_arrays(JsonWriter json, const std::vector<InventoryElement>& elements,
                        std::initializer_list<Collection> arrays);

}  // namespace bulkhead::worker
