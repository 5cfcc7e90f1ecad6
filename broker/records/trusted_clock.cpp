#include "broker/records/trusted_clock.hpp"

namespace bulkhead::records {

std::optional<UnixTime> TrustedClock::judge(const sys::TwoClocks& reading) {
    const auto passed = since_ ? reading.up - since_->up : std::chrono::seconds(0);
    const auto shown = since_ ? reading.now - since_->now : std::chrono::seconds(0);
    const auto tolerance = kTolerance + passed / 1000;
    const bool went_on = passed - shown <= tolerance && shown - passed <= tolerance;
    if (!since_ || !went_on || reading.now < kBuiltAfter) since_ = reading;
    if (reading.up - since_->up < kHeld) return {};
    return reading.now;
}

}  // namespace bulkhead::records
