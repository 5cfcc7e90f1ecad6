// How many lines of one kind go into the audit log in an hour. Refusals are bounded by nothing but
// the worker's imagination: without this, a captured one could have the log rotated until all that
// stood in it before is gone.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace bulkhead::records {

class Ration {
  public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t kMost = 256;
    static constexpr std::chrono::hours kSpan{1};

    // Whether there is room for one more; counts it when not.
    bool admits(Time now) {
        if (now - began_ > kSpan) {
            began_ = now;
            written_ = 0;
        }
        if (written_ < kMost) return true;
        ++left_out_;
        return false;
    }
    // Since a line said it last.
    std::uint64_t left_out() const { return left_out_; }
    // A line was written that says how many were left out; `rationed` if it was one of those.
    void wrote(bool rationed) {
        left_out_ = 0;
        if (rationed) ++written_;
    }

  private:
    std::size_t written_ = 0;  // since began_
    std::uint64_t left_out_ = 0;
    Time began_{};
};

}  // namespace bulkhead::records
