// Where settings come from: file, environment and command line, gathered in order of precedence.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/config/config.hpp"
#include "worker/config/settings.hpp"

namespace bulkhead::worker {

struct Assignment {
    std::string key;  // of a setting, or "options.NAME" of a dialect
    std::string text;
    std::string origin;  // "agent.yaml:7: heartbeat_interval", "HYPRBOX_API_URL", "--url"
    std::optional<std::size_t> backend;  // none: all of them
};

struct Gathered {
    std::size_t backends = 1;
    // A later one overrides an earlier one with the same key: the defaults of the file's top, its
    // backends' entries, variables of other agents, our own variables, the command line.
    std::vector<Assignment> assignments;
    std::vector<std::string> problems;
    // Why the file gave nothing: what else would be missed in it is not missing.
    std::string unreadable;
    std::string silent;  // "/etc/bulkhead/agent.yaml does not exist", "... holds no settings"
    std::vector<std::string> remarks;  // what was taken and has no effect, and why

    // The assignment of `key` that counts for this backend; null where there is none.
    const Assignment* last(std::string_view key, std::size_t backend) const;
};

Gathered gather(const ConfigSources& sources);

// "; did you mean X?" or nothing.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace bulkhead::worker
