#include "worker/backend/bulkhead/bulkhead_inventory.hpp"

#include "worker/backend/bulkhead/bulkhead_wire.hpp"
#include "worker/backend/json/inventory_json.hpp"

namespace bulkhead::worker {

namespace {

Answer<InventoryReceipt> judge(const HttpAnswer& answer) {
    if (answer.status == 200 || answer.status == 204) return InventoryReceipt{};
    return bulkhead_wire::failure(answer);
}

}  // namespace

// Without jitter: the hours of agents differ already, because each begins when its agent enrolled,
// or when a timer runs it.
const InventoryTraits& BulkheadInventory::traits() const {
    static constexpr InventoryTraits kTraits{.jitter = std::chrono::seconds(0)};
    return kTraits;
}

InventoryElements BulkheadInventory::elements(const Inventory& inventory) const {
    return inventory_elements(inventory, WildcardListeners::raw);
}

Exchange<InventoryReceipt> BulkheadInventory::report(const Identity& identity,
                                                     const InventoryReport& report) const {
    JsonWriter json;
    json.begin_object()
        .put("agent_id", identity.agent_id)
        .put("sequence", report.sequence)
        .put("full", report.first);
    return {.request = {.method = "POST",
                        .path = "/v1/inventory",
                        .headers = {bulkhead_wire::bearer(identity), bulkhead_wire::json_body()},
                        .body = with_arrays(std::move(json), report.elements,
                                            {Collection::addresses, Collection::neighbours,
                                             Collection::connections, Collection::routes}),
                        .max_answer_bytes = bulkhead_wire::kMaxAnswerBytes},
            .judge = &judge};
}

}  // namespace bulkhead::worker
