// Reads the audit log's lines, and what they say of the jobs that were started.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/parse.hpp"
#include "common/base/result.hpp"

namespace bulkhead::cli {

inline constexpr const char* kLogDirectory = "/var/log/bulkhead";

// Calls `visit` with each line of the log in `directory` and of its rotated parts, oldest first.
// The chain is not checked: `bulkhead verify-audit` does that.
Result<> each_audit_line(const std::string& directory,
                         const std::function<void(std::string_view line)>& visit);

// A job that was started, as the log tells it.
struct PastJob {
    std::uint64_t number = 0;
    std::string started, ended;  // times as in the log; `ended` is empty if there is no end yet
    std::string outcome;         // "finished, exit 0", "cancelled, stopped-by-operator"
    nlohmann::json verdict;      // the line that admitted it; null if it was rotated away
    nlohmann::json start;        // the line `job-started`
    std::uint64_t first = 0;     // "seq" of the first line and of the last one that are about it
    std::uint64_t last = 0;
};
// In the order in which they started. A number may come twice: after a ledger that was begun anew.
Result<std::vector<PastJob>> past_jobs(const std::string& directory);

// The text of a member, for a terminal; "" if there is none. A number is written in digits.
std::string text_in(const nlohmann::json& line, const char* name);

}  // namespace bulkhead::cli
