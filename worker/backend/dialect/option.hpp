// A setting that only one dialect knows, declared beside the dialect and checked with the rest of
// the configuration.
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::worker {

struct DialectOption {
    std::string_view
        name;  // one that ends with "_url" names another server of the same backend, or nothing
    std::string_view fallback;
    std::string_view help;
    Result<> (*check)(std::string_view value);
};

// A value as the original agent writes it becomes one as we do; nothing where the original took it
// for not given.
using Translation = Result<std::optional<std::string>> (*)(std::string_view value);

// What the backend's original agent took from its environment or its command line, and the setting
// that it means here.
struct DialectVariable {
    std::string_view variable;  // "" where there was only the flag
    std::string_view setting;   // "options.NAME" for one of the dialect's own; "" where none has it
    std::string_view flag = "";
    Translation translate = nullptr;  // null: written as ours
    std::string_view remark = "";     // for the reader of the table; why, where `setting` is ""
    bool is_switch = false;           // a flag that takes no value: "true"
};

// "30s", "5m" or a sum such as "1h30m".
Result<std::chrono::milliseconds> parse_span(std::string_view text);

namespace original {

// Go's durations: "1h0m0s", "1.5h", "500ms".
Result<std::optional<std::string>> go_duration(std::string_view value);
// A number of seconds, "30" or "0.5".
Result<std::optional<std::string>> seconds(std::string_view value);
// "0" is as good as nothing.
Result<std::optional<std::string>> unless_zero(std::string_view value);
// Python's names of log levels.
Result<std::optional<std::string>> python_level(std::string_view value);
// A switch that would turn the check of the server's certificate off: "false" or an error.
Result<std::optional<std::string>> no_verification(std::string_view value);

}  // namespace original

// Every option of the dialect by name, defaults filled in, checked.
using DialectOptions = std::map<std::string, std::string, std::less<>>;

}  // namespace bulkhead::worker
