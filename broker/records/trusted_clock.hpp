// How far the system clock may be believed. By its grade a reading raises one of the ledger's
// floors, and settles its birth.
//
// The kernel's word, or that of systemd-timesyncd, makes a reading trusted: see time_sync.hpp. It
// is missing with chrony without `rtcsync`, where a hypervisor sets the clock, and on hosts without
// a network. What an hour tells is that nobody has set the clock: it went on as CLOCK_BOOTTIME did.
// That dates a birth and ages what is kept, where a mistake is no way around an approval; the floor
// that it raises an operator can lower.
#pragma once
#include <cstdint>
#include <optional>

#include "common/sys/clock.hpp"

namespace bulkhead::records {

// This source was written after it, so a clock that shows an earlier time is wrong.
inline constexpr UnixTime kBuiltAfter{std::chrono::seconds{1'793'491'200}};  // 2026-11-01

enum class Grade : std::uint8_t {
    wrong = 0,  // a time before kBuiltAfter
    unsure,
    held,     // unsure, and nobody has set the clock for an hour
    trusted,  // it is said to be synchronised, and was not set since the reading before
};

class TrustedClock {
  public:
    static constexpr std::chrono::seconds kHeld{3600};
    // A clock that is being slewed may gain or lose 1/1000 beside this: adjtimex(2) allows half.
    static constexpr std::chrono::seconds kTolerance{2};

    // The grade of the reading. Call it regularly, with the present readings: what happened in
    // between is judged by these alone.
    Grade judge(const sys::TwoClocks& reading, bool synchronised);

  private:
    std::optional<sys::TwoClocks> since_;  // when the clock was last seen to be set, or began
};

}  // namespace bulkhead::records
