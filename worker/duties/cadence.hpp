// When to report the inventory. Pure: it is told the time.
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

    // Until the next report is due, without jitter: 0 where there was none yet, and where the last
    // one lies in the future because the clock was turned back.
    std::chrono::seconds remaining(UnixTime now, std::optional<UnixTime> last) const;
    // In a run that a timer started: report now? An interval up to the timer's own always says yes,
    // so that two clocks which drift do not skip every other report.
    bool is_due(UnixTime now, std::optional<UnixTime> last) const;
    // 0..jitter, whole seconds, each as likely as the others.
    std::chrono::seconds drawn_jitter(const Random& random) const;
    // After an answer that will not change by asking again soon.
    std::chrono::seconds slow() const;
};

// After a failure that may pass: from half a minute up to the timer's interval.
Backoff::Limits retry_limits(const Cadence& cadence);

}  // namespace bulkhead::worker
