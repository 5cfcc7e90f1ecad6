// The options and operands of a command, as its usage has them: what --help prints is the one table
// of both.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::cli {

struct UsageOption {
    std::string name;   // "--format", "-q"
    std::string value;  // "text|json", "DIR", "'NAME RULE'" without its quotes; "" if it takes none
};

struct UsageParts {
    std::vector<UsageOption> options;   // each name once
    std::vector<std::string> operands;  // "SCRIPT", "broker|worker|PROFILE", "remove"
    std::string also_of;  // "new-job" where the usage says "the other options of new-job"
};

// Of "SCRIPT --target WHERE... [--json | --check] [--param 'NAME RULE']...". "..." is left out.
UsageParts parts_of(std::string_view arguments);

// The alternatives of "text|json".
std::vector<std::string> alternatives(std::string_view value);

}  // namespace bulkhead::cli
