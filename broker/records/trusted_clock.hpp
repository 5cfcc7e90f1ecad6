// Whether the system clock may be believed: a reading that is trusted raises the ledger's floor,
// for good, and settles its birth.
//
// STA_UNSYNC of adjtimex(2) does not tell: it stays on with chrony without `rtcsync`, with PTP, and
// where a hypervisor sets the clock. What an hour tells is that nobody has set the clock: it went
// on as CLOCK_BOOTTIME did. A clock that was wrong for a shorter time, before the host was told the
// time or while it was told a false one, leaves no trace.
#pragma once
#include <optional>

#include "common/sys/clock.hpp"

namespace bulkhead::records {

// This source was written after it, so a clock that shows an earlier time is wrong.
inline constexpr UnixTime kBuiltAfter{std::chrono::seconds{1'793'491'200}};  // 2026-11-01

class TrustedClock {
  public:
    static constexpr std::chrono::seconds kHeld{3600};
    // A clock that is being slewed may gain or lose 1/1000 beside this: adjtimex(2) allows half.
    static constexpr std::chrono::seconds kTolerance{2};

    // The reading's time if the clock is trusted. Call it regularly, with the present readings:
    // what happened in between is judged by these alone.
    std::optional<UnixTime> judge(const sys::TwoClocks& reading);

  private:
    std::optional<sys::TwoClocks> since_;  // when the clock was last seen to be set, or began
};

}  // namespace bulkhead::records
