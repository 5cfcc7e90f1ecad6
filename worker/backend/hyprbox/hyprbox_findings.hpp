// Findings of the HyprBox dialect: what there is, again after each scan; its server notes when it
// last saw each and forgets what it no longer sees.
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
