// A /proc/PID/status, from which the broker learns whether a process is confined. One that passes
// for a process without privileges has no other number in the lines that say so.
#include <algorithm>

#include "common/base/parse.hpp"
#include "common/sandbox/privileges.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;

namespace {

std::string_view row(std::string_view status, std::string_view key) {
    for (const auto line : split(status, '\n')) {
        if (line.starts_with(key)) return trimmed(line.substr(key.size()));
    }
    return "";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto status = fuzz::text(data, size);
    const auto seen = sandbox::parse_proc_status(status);
    if (!seen) {
        fuzz::require(!seen.error().what.empty());
        return 0;
    }
    const sandbox::ProcessIds nobody{.user = {1000, 1000}, .groups = {}};
    if (!sandbox::require_ids(*seen, nobody)) return 0;
    for (const auto key : {"CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"}) {
        fuzz::require(row(status, key) == "0000000000000000");
    }
    for (const auto key : {"Uid:", "Gid:"}) {
        const auto text = row(status, key);
        fuzz::require(text.find_first_not_of("0123456789 \t") == text.npos);
    }
    fuzz::require(row(status, "Groups:").empty() && row(status, "NoNewPrivs:") == "1");
    return 0;
}
