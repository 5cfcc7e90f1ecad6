// Where a rule of policy stands.
#pragma once
#include <cstddef>
#include <string>

namespace bulkhead::policy {

// The file and line of a rule, and its reason.
struct Source {
    std::string file;  // relative to the policy directory
    unsigned line = 0;
    std::string reason;
    std::size_t column = 0;  // of the rule's path, counted from 1; 0 if it was not recorded

    std::string at() const { return file + ":" + std::to_string(line); }
    // at() with the column, for errors about the path.
    std::string place() const { return at() + ":" + std::to_string(column); }
};

}  // namespace bulkhead::policy
