// BeatSchedule: when to take a sample and when to send a report. Pure: it is told the time, so that
// a test of hours takes no time.
//
// Samples are taken at every interval, whether or not reports arrive, so that the CPU percentage
// always covers the last interval. At most one report is under way. What is sent after a failure is
// the latest sample: an old one would be taken for the state at its arrival.
#pragma once
#include "worker/backend/dialect/dialect.hpp"
#include "worker/duties/backoff.hpp"

namespace bulkhead::worker {

class BeatSchedule {
  public:
    using Time = std::chrono::steady_clock::time_point;
    struct Due {
        bool sample = false;
        bool send = false;
    };

    BeatSchedule(const DialectTraits& traits, Random random)
        : retries_(traits.retries),
          longest_rejected_pause_(traits.longest_rejected_pause),
          first_after_interval_(traits.first_after_interval),
          random_(std::move(random)),
          backoff_(random_) {}

    // The first report at once, so that a host that came up is seen, unless the dialect wants a
    // whole interval measured; the second at a random moment of the interval after it, so that
    // hosts that came up together do not stay together.
    void start(Time now, std::chrono::seconds interval);
    // For a run that ends after one report, which is sent at once.
    void start_once(Time now);

    // What is due at `now`. A report that is due counts as under way from this call on, until
    // delivered() or failed().
    Due wake(Time now);
    Time next() const;
    void delivered(Time now, std::optional<std::chrono::seconds> interval);
    void failed(Time now, const Failure& failure);

    std::chrono::seconds interval() const { return interval_; }

  private:
    void set_interval(std::chrono::seconds interval);
    std::chrono::milliseconds step();
    std::chrono::milliseconds pause_after(const Failure& failure);

    std::optional<Retries> retries_;
    std::chrono::seconds longest_rejected_pause_;
    bool first_after_interval_;
    Random random_;
    // Without a plan of the dialect's: one more try in the interval, first within a quarter of it,
    // later the longer the backend stays away, at last seldom. Each further try of an interval
    // would add as much as the whole fleet sends usually to what arrives when it is there again.
    Backoff backoff_;
    std::chrono::seconds interval_{60};
    Time next_sample_{};
    Time held_until_{};   // no report is sent before
    bool again_ = false;  // a report is due at held_until_; else with the next sample
    bool under_way_ = false;
    bool spread_ = true;       // the next interval is a random part of one
    unsigned tries_ = 0;       // tries made of Retries::most, or of the one
    unsigned rejections_ = 0;  // credential rejections in a row
};

}  // namespace bulkhead::worker
