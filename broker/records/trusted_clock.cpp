#include "broker/records/trusted_clock.hpp"

namespace bulkhead::records {

Grade TrustedClock::judge(const sys::TwoClocks& reading, bool synchronised) {
    const auto passed = since_ ? reading.up - since_->up : std::chrono::seconds(0);
    const auto shown = since_ ? reading.now - since_->now : std::chrono::seconds(0);
    const auto tolerance = kTolerance + passed / 1000;
    const bool went_on = passed - shown <= tolerance && shown - passed <= tolerance;
    const bool was_set = since_ && !went_on;
    if (!since_ || was_set || reading.now < kBuiltAfter) since_ = reading;
    if (reading.now < kBuiltAfter) return Grade::wrong;
    // Whoever set it may not have told the kernel: the next reading shows whether it stays.
    if (synchronised && !was_set) return Grade::trusted;
    return reading.up - since_->up < kHeld ? Grade::unsure : Grade::held;
}

}  // namespace bulkhead::records
