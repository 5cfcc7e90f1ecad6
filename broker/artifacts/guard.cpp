#include "broker/artifacts/guard.hpp"

#include <algorithm>
#include <limits>

namespace bulkhead::broker {

namespace {

using std::chrono::microseconds;

// `elapsed` is not zero. Thousandths of a percent are 100 ns in each µs.
std::uint32_t millipercent_of(std::uint64_t run_time_ns, microseconds elapsed) {
    constexpr auto kMost = std::numeric_limits<std::uint32_t>::max();
    if (run_time_ns > std::numeric_limits<std::uint64_t>::max() / 100) return kMost;
    const auto figure = run_time_ns * 100 / static_cast<std::uint64_t>(elapsed.count());
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(figure, kMost));
}

}  // namespace

Guard::Verdict Guard::look(Sample now) {
    if (strikes_ >= kStrikes) return Verdict::roll_back;
    const auto elapsed = now.at - last_.at;
    if (now.at < last_.at || now.run_time_ns < last_.run_time_ns) {
        last_ = now;
        return Verdict::unknown;
    }
    if (elapsed < kInterval / 2) return Verdict::unknown;
    millipercent_ = millipercent_of(now.run_time_ns - last_.run_time_ns,
                                    std::chrono::duration_cast<microseconds>(elapsed));
    last_ = now;
    if (millipercent_ > std::uint64_t{max_percent_} * 1'000) {
        return ++strikes_ >= kStrikes ? Verdict::roll_back : Verdict::above;
    }
    if (elapsed <= kLongest) strikes_ = 0;
    return Verdict::within;
}

}  // namespace bulkhead::broker
