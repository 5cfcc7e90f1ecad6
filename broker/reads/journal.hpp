// What of the worker's readings goes into the audit log: each outcome once, not once per scan.
#pragma once
#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "broker/records/audit.hpp"

namespace bulkhead::broker {

class ReadJournal {
  public:
    using Time = std::chrono::steady_clock::time_point;
    // A worker that makes names up gets no more refusals than this into the log in an hour.
    static constexpr std::size_t kMostRefusals = 256;
    static constexpr std::chrono::hours kSpan{1};

    // An event unless this outcome is the last one known for the row and the path; an error when
    // it could not be written.
    Result<> note(records::Audit& audit, std::string_view row, std::string_view path,
                  std::string_view reason, Time now);

  private:
    static constexpr std::size_t kMostKnown = 8'192;
    std::map<std::string, std::string, std::less<>> known_;  // outcome by row and path
    std::size_t refusals_ = 0;                               // written since began_
    std::uint64_t left_out_ = 0;
    Time began_{};
};

}  // namespace bulkhead::broker
