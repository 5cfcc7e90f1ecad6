// What came of jobs since this broker started: how many ended and how, how many deliveries were
// refused and why, and the last few of both.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/records/ledger.hpp"

namespace bulkhead::broker {

class Tally {
  public:
    static constexpr std::size_t kLast = 5;  // ended jobs, and refused ones of each backend

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
    // The newest first. No backend's refusals take the place of another's.
    std::vector<Refused> last_refused() const;

  private:
    Counts outcomes_, refusals_;
    std::deque<Ended> ended_;
    std::map<std::string, std::deque<Refused>, std::less<>> refused_;  // by backend
};

}  // namespace bulkhead::broker
