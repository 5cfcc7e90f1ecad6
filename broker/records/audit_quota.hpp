// A limit on the lines of one kind that the audit log takes in an hour. A captured worker can cause
// any number of refusals: without a limit it could have the log rotated until older lines are gone.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace bulkhead::records {

class AuditQuota {
  public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t kMost = 256;
    static constexpr std::chrono::hours kSpan{1};

    // True if another line may be written this hour; otherwise counts it as left out.
    bool admits(Time now) {
        if (now - began_ > kSpan) {
            began_ = now;
            written_ = 0;
        }
        if (written_ < kMost) return true;
        ++left_out_;
        return false;
    }
    // Lines left out since the last call of wrote().
    std::uint64_t left_out() const { return left_out_; }
    // Call after writing a line that tells left_out(). `limited`: it counts against the hour.
    void wrote(bool limited) {
        left_out_ = 0;
        if (limited) ++written_;
    }

  private:
    std::size_t written_ = 0;  // since began_
    std::uint64_t left_out_ = 0;
    Time began_{};
};

}  // namespace bulkhead::records
