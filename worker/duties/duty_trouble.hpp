// DutyTrouble: why a duty fails at present, since when, and how many tries in a row have failed.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/sys/clock.hpp"
#include "worker/backend/dialect/messages.hpp"

namespace bulkhead::worker {

class DutyTrouble {
  public:
    // Counts one more try that failed. True if the trouble is new, or another than before.
    bool failed(std::string why) {
        if (tries_++ == 0) since_ = sys::now();
        const bool other = why != why_;
        why_ = std::move(why);
        return other;
    }
    void clear() { *this = {}; }

    bool stands() const { return tries_ > 0; }
    const std::string& why() const { return why_; }
    // "heartbeat-failing" for the duty `heartbeat`; nothing is added if none stands.
    void tell(std::vector<Trouble>& all, std::string_view duty) const {
        if (!stands()) return;
        all.push_back({.code = std::string(duty) + "-failing",
                       .since = since_,
                       .why = why_,
                       .tries = tries_});
    }

  private:
    std::string why_;
    UnixTime since_{};
    unsigned tries_ = 0;
};

}  // namespace bulkhead::worker
