// Finding: something about this host that its operator should know. A backend recognises a finding
// by type and key, so these stay the same from scan to scan; values that change belong in title,
// message and metadata.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace bulkhead::worker {

enum class Severity { info, warn, critical };

struct Finding {
    using Value = std::variant<std::int64_t, double, std::string>;

    std::string type;  // "tls.expiring": the scanner, a dot, and what it found
    std::string key;   // what it is about: a path, a mount point
    Severity severity = Severity::info;
    std::string title;    // one line
    std::string message;  // for the operator: what was found, and what to do
    std::vector<std::pair<std::string, Value>> metadata;
    std::vector<std::string> related;  // other things it concerns, each "kind:id"
};

}  // namespace bulkhead::worker
