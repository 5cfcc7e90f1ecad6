// Inventory of the bulkhead dialect (POST /v1/inventory): the backend adds the elements of a report
// to those it has; a report with "full": true replaces them.
#pragma once
#include "worker/backend/dialect/dialect.hpp"

namespace bulkhead::worker {

class BulkheadInventory final : public InventoryDialect {
  public:
    const InventoryTraits& traits() const override;
    InventoryElements elements(const Inventory& inventory) const override;
    Exchange<InventoryReceipt> report(const Identity& identity,
                                      const InventoryReport& report) const override;
};

}  // namespace bulkhead::worker
