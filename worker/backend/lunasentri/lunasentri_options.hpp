// The options of the original LunaSentri agent that other dialects do not have.
#pragma once
#include <chrono>
#include <span>
#include <string>

#include "worker/backend/dialect/option.hpp"

namespace bulkhead::worker {

struct LunasentriOptions {
    std::chrono::seconds system_info_period{};
    unsigned max_retries = 0;  // after the first try
    std::chrono::milliseconds retry_backoff{};
    std::string user_agent;  // empty: the client's own

    static std::span<const DialectOption> rows();
    static std::span<const DialectVariable> variables();
    // `options` were accepted by DialectOption::accepts().
    static LunasentriOptions from(const DialectOptions& options);
};

}  // namespace bulkhead::worker
