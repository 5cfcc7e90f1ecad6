// Guard: decides from what the programs of one artifact used of the processors whether they stay.
// It is pure: it reads neither a clock nor the kernel.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

namespace bulkhead::broker {

class Guard {
  public:
    // Between two samples. A program that burns is rolled back 20 s after the first sample.
    static constexpr std::chrono::seconds kInterval{10};
    // A figure over a longer time says little about its end, so one within the limit does not
    // forgive one above it: a broker that was stopped, a host that was suspended.
    static constexpr std::chrono::seconds kLongest{30};
    static constexpr unsigned kStrikes = 2;  // in a row

    using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC, which stands still in suspension
    struct Sample {
        Clock::time_point at;
        std::uint64_t run_time_ns = 0;  // of all its programs together, since they were loaded
    };
    enum class Verdict : std::uint8_t {
        unknown,  // no figure: the first sample, one too early, or one that goes backwards
        within,
        above,      // the limit, once
        roll_back,  // the limit was passed in kStrikes figures in a row; so from then on
    };

    // `max_percent` is of one processor: 100 is one that does nothing else, on a host with many
    // too. `first` is taken when the programs are attached, or adopted.
    Guard(unsigned max_percent, Sample first) : max_percent_(max_percent), last_(first) {}

    // A sample earlier than half of kInterval after the last one that counted is ignored, so that
    // two figures in a row are two intervals. One whose time or run time is less than the last
    // one's is where the next figure begins; it forgives nothing.
    Verdict look(Sample now);

    // Thousandths of a percent of one processor, over the last interval that gave a figure; 0
    // before.
    std::uint32_t millipercent() const { return millipercent_; }

  private:
    unsigned max_percent_;
    Sample last_;
    unsigned strikes_ = 0;
    std::uint32_t millipercent_ = 0;
};

}  // namespace bulkhead::broker
