// A setting that only one dialect knows, declared beside the dialect and checked with the rest of
// the configuration.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::worker {

struct DialectOption {
    std::string_view name;
    std::string_view fallback;
    std::string_view help;
    Result<> (*check)(std::string_view value);
};

// An environment variable of the backend's original agent, and the setting that it means here;
// "options.NAME" for one of the dialect's own.
struct DialectVariable {
    std::string_view variable;
    std::string_view setting;
};

// Every option of the dialect by name, defaults filled in, checked.
using DialectOptions = std::map<std::string, std::string, std::less<>>;

}  // namespace bulkhead::worker
