// What came of jobs since this broker started: how many ended and how, how many deliveries were
// refused and why, and the last few of both.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "broker/records/ledger.hpp"

namespace bulkhead::broker {

class Tally {
  public:
    static constexpr std::size_t kLast = 5;  // of each kind

    struct Ended {
        JobNumber number;
        std::string job_id, profile, backend;
        UnixTime at;
        protocol::JobEnd end;
    };
    struct Refused {
        UnixTime at;
        std::string backend, job_id, reason, detail;
    };
    using Counts = std::map<std::string, std::uint64_t, std::less<>>;  // by reason code

    void ended(JobNumber number, const records::Start& start, const protocol::JobEnd& end);
    void refused(Refused one);

    // The reasons are constants of this program, so the maps stay small.
    const Counts& outcomes() const { return outcomes_; }  // "ok" where a job ended by itself
    const Counts& refusals() const { return refusals_; }
    const std::deque<Ended>& last_ended() const { return ended_; }  // the newest first
    const std::deque<Refused>& last_refused() const { return refused_; }

  private:
    Counts outcomes_, refusals_;
    std::deque<Ended> ended_;
    std::deque<Refused> refused_;
};

}  // namespace bulkhead::broker
