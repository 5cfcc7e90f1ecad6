// Findings of the HyprBox dialect (POST /api/findings): each scan reports all findings again, and
// none if there are none. The server updates lastSeenAt of a finding by node, type and key.
#pragma once
#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/hyprbox/hyprbox_options.hpp"

namespace bulkhead::worker {

class HyprboxFindings final : public FindingsDialect {
  public:
    explicit HyprboxFindings(HyprboxOptions options) : options_(std::move(options)) {}

    bool takes_whole_set() const override { return false; }
    Exchange<> findings(const Identity& identity, const SystemInfo& system,
                        const std::vector<Finding>& findings) const override;

  private:
    HyprboxOptions options_;
};

}  // namespace bulkhead::worker
