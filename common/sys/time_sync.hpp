// Who vouches for the system clock, as far as the host says it. Nothing here sets it.
#pragma once
#include <chrono>
#include <string>

#include "common/sys/clock.hpp"

namespace bulkhead::sys {

// Whether the kernel takes its clock for synchronised: adjtimex(2) with `modes` 0 and without
// STA_UNSYNC. The kernel sets that flag when the clock is set (settimeofday(2), clock_settime(2))
// and when nothing has steered it so long that it may be wrong by 16 s. Some services keep it on:
// chrony without `rtcsync`, a hypervisor that sets the clock. An error, of adjtimex(2), is EPERM
// under a filter that denies the call.
Result<bool> kernel_says_synchronised();

// Whether systemd-timesyncd(8) says so: it touches STATE/synchronized whenever it has compared the
// clock with a server, each 34 minutes at least. `state` is its directory, which root has made and
// whose owner alone may write to it; a mark older than an hour, or of a later time than `now`, is
// none: the clock was set since.
inline constexpr std::string_view kTimesyncState = "/run/systemd/timesync";
inline constexpr std::chrono::hours kMarkHolds{1};
bool timesyncd_says_synchronised(const std::string& state, UnixTime now);

}  // namespace bulkhead::sys
