// Something about this host that somebody should know. Type and key say what it is about and stay
// the same from scan to scan; whatever changes goes into message and metadata.
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

    std::string type;  // "tls.expiring": scanner, dot, what
    std::string key;   // a path, a mount point
    Severity severity = Severity::info;
    std::string title;    // one line
    std::string message;  // for people: what is so, and what to do
    std::vector<std::pair<std::string, Value>> metadata;
    std::vector<std::string> related;  // "kind:id"
};

}  // namespace bulkhead::worker
