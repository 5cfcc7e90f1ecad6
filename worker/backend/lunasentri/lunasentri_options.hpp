// What the original LunaSentri agent let its operator choose, beside what every backend has.
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
    // Of checked options.
    static LunasentriOptions from(const DialectOptions& options);
};

}  // namespace bulkhead::worker
