// Ten thousand hosts and one backend that was away: our own BeatSchedule for each, in the time of
// this test alone. By a fixed seed, so that the figures are the same in each run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <queue>
#include <random>

#include "worker/backend/registry.hpp"
#include "worker/duties/beat_schedule.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using Time = BeatSchedule::Time;
using std::chrono::milliseconds;

constexpr std::size_t kHosts = 10'000;

struct Arrivals {
    double peak = 0;  // of the usual rate, in the window with most
    double back = 0;  // intervals until 99 of 100 hosts were heard again
    std::size_t in_100_ms = 0;
};

class Fleet {
  public:
    explicit Fleet(const DialectTraits& traits)
        : interval_(traits.heartbeat_interval), window_(milliseconds(interval_) / 50) {
        const Random random = [this] { return share_(generator_); };
        schedules_.reserve(kHosts);
        for (std::size_t host = 0; host < kHosts; ++host) {
            schedules_.emplace_back(traits, random);
            schedules_[host].start(Time{}, interval_);
            due_.emplace(schedules_[host].next(), host);
        }
    }

    // What arrives once a backend is there again that refused each connection for `outage`.
    Arrivals after(milliseconds outage) {
        const auto gone = Time{} + 3 * milliseconds(interval_);
        const auto there = gone + outage;
        const auto end = there + 3 * milliseconds(interval_);
        std::vector<std::size_t> windows, tenths;
        std::vector<bool> heard(kHosts);
        std::vector<milliseconds> first;
        while (due_.top().first < end) {
            const auto [now, host] = due_.top();
            due_.pop();
            auto& schedule = schedules_[host];
            if (schedule.wake(now).send) {
                const bool up = now < gone || now >= there;
                if (up) schedule.delivered(now, {});
                if (!up)
                    schedule.failed(now,
                                    {.kind = Failure::Kind::retry, .text = {}, .retry_after = {}});
                const auto since = std::chrono::floor<milliseconds>(now - there);
                if (up && now >= there) {
                    count(windows, since / window_);
                    count(tenths, since / 100ms);
                    if (!heard[host]) first.push_back(since);
                    heard[host] = true;
                }
            }
            due_.emplace(std::max(schedule.next(), now + 1ms), host);
        }
        EXPECT_EQ(first.size(), kHosts) << "somebody never came back";
        const auto usual = static_cast<double>(kHosts) / 50;
        return {.peak = static_cast<double>(std::ranges::max(windows)) / usual,
                .back = static_cast<double>(first[first.size() * 99 / 100].count()) /
                        static_cast<double>(milliseconds(interval_).count()),
                .in_100_ms = std::ranges::max(tenths)};
    }

  private:
    static void count(std::vector<std::size_t>& windows, std::int64_t number) {
        const auto at = static_cast<std::size_t>(number);
        if (windows.size() <= at) windows.resize(at + 1);
        ++windows[at];
    }

    using Due = std::pair<Time, std::size_t>;
    std::mt19937_64 generator_{1};
    std::uniform_real_distribution<> share_{0, 1};
    std::chrono::seconds interval_;
    milliseconds window_;  // 100 ms of an interval of 5 s
    std::vector<BeatSchedule> schedules_;
    std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
};

TEST(FleetAfterAnOutage, ComesBackSoonAndNotAllAtOnce) {
    for (const auto& row : dialects()) {
        DialectOptions options;
        for (const auto& option : row.options) {
            options[std::string(option.name)] = option.fallback;
        }
        const auto traits = row.make(options)->traits();
        if (!traits.heartbeats) continue;
        const milliseconds interval(traits.heartbeat_interval);
        for (const auto outage : {interval / 3, interval, 5 * interval}) {
            const auto what =
                std::string(row.name) + " after " +
                std::to_string(std::chrono::round<std::chrono::seconds>(outage).count()) + " s";
            const auto arrivals = Fleet(traits).after(outage);
            std::printf(
                "%s, every %ld s: at most %.2f of the usual rate, %zu in 100 ms; 99 of 100 within "
                "%.2f intervals\n",
                what.c_str(), static_cast<long>(traits.heartbeat_interval.count()), arrivals.peak,
                arrivals.in_100_ms, arrivals.back);
            EXPECT_LE(arrivals.peak, 2.5) << what;
            EXPECT_LE(arrivals.back, 1.5) << what;
        }
    }
}

}  // namespace
}  // namespace bulkhead::worker
