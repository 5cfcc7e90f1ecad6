// GrapheonDialect: the dialect of Grapheon's passive agent (agent/grapheon_agent.py, 0.3.0). The
// agent registers, waits for an administrator's approval, then reports new elements of the
// inventory; these check-ins stand for heartbeats.
#pragma once
#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/grapheon/grapheon_options.hpp"

namespace bulkhead::worker {

class GrapheonEnrollment : public EnrollDialect {
  public:
    explicit GrapheonEnrollment(const GrapheonOptions& options) : options_(options) {}
    EnrollTraits enroll_traits() const override;
    Exchange<Enrolled> enroll(const EnrollRequest& request) const override;
    Result<Adopted> adopt(const OriginalIdentity& files) const override;

  private:
    const GrapheonOptions& options_;
};

class GrapheonInventory : public InventoryDialect {
  public:
    explicit GrapheonInventory(const GrapheonOptions& options);
    const InventoryTraits& traits() const override { return traits_; }
    InventoryElements elements(const Inventory& inventory) const override;
    Exchange<InventoryReceipt> report(const Identity& identity,
                                      const InventoryReport& report) const override;

  private:
    const GrapheonOptions& options_;
    InventoryTraits traits_;
};

class GrapheonDialect : public Dialect {
  public:
    explicit GrapheonDialect(GrapheonOptions options)
        : options_(std::move(options)), enrollment_(options_), inventory_(options_) {}
    GrapheonDialect(const GrapheonDialect&) = delete;
    GrapheonDialect& operator=(const GrapheonDialect&) = delete;

    const DialectTraits& traits() const override;
    // A check-in without elements, version and sequence number.
    std::optional<Exchange<Standing>> ask_standing(const StandingQuestion& question) const override;
    const EnrollDialect* enrollment() const override { return &enrollment_; }
    const InventoryDialect* inventory() const override { return &inventory_; }

  private:
    GrapheonOptions options_;
    GrapheonEnrollment enrollment_;
    GrapheonInventory inventory_;
};

}  // namespace bulkhead::worker
