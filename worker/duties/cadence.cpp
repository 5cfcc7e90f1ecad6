#include "worker/duties/cadence.hpp"

#include <algorithm>

namespace bulkhead::worker {

using std::chrono::seconds;

seconds Cadence::remaining(UnixTime now, std::optional<UnixTime> last) const {
    if (!last || *last > now) return seconds(0);
    return std::max(seconds(0), interval - (now - *last));
}

bool Cadence::is_due(UnixTime now, std::optional<UnixTime> last) const {
    return interval <= timer_interval || remaining(now, last) == seconds(0);
}

seconds Cadence::drawn_jitter(const Random& random) const {
    const auto drawn = random() * static_cast<double>(jitter.count() + 1);
    return std::min(jitter, seconds(static_cast<seconds::rep>(drawn)));
}

seconds Cadence::slow() const { return std::max(interval, timer_interval); }

Backoff::Limits retry_limits(const Cadence& cadence) {
    const auto cap = std::max(cadence.timer_interval, seconds(30));
    return {.least = seconds(5), .first = seconds(30), .cap = cap};
}

}  // namespace bulkhead::worker
