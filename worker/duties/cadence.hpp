// Cadence: when an inventory report is due. Pure: it is told the time.
#pragma once
#include <chrono>
#include <optional>

#include "common/base/parse.hpp"
#include "worker/duties/backoff.hpp"

namespace bulkhead::worker {

struct Cadence {
    std::chrono::seconds interval{};
    std::chrono::seconds jitter{};
    std::chrono::seconds timer_interval{};  // how often a timer starts a run of its own

    // Time until the next report is due, without jitter. 0 if there was no report yet, or if the
    // last one lies in the future because the clock was turned back.
    std::chrono::seconds remaining(UnixTime now, std::optional<UnixTime> last) const;
    // Whether a run that a systemd timer started reports. Always if `interval` is no longer than
    // the timer's, or two clocks that drift apart would skip every other report.
    bool is_due(UnixTime now, std::optional<UnixTime> last) const;
    // A uniformly random number of whole seconds in [0, jitter].
    std::chrono::seconds drawn_jitter(const Random& random) const;
    // The pause after an answer that asking again soon would not change.
    std::chrono::seconds slow() const;
};

// For failures that may pass: the pause grows from half a minute to the interval of the timer.
Backoff::Limits retry_limits(const Cadence& cadence);

}  // namespace bulkhead::worker
