// NameFilter: which interfaces or mounts an operator wants reported.
#pragma once
#include <string>
#include <vector>

namespace bulkhead::worker {

// Patterns are those of fnmatch(3) without flags: * matches any text, / and dots too, ? one byte
// and
// [...] one of a set. A name is kept if a pattern of `include` matches it, or `include` is empty,
// and no pattern of `exclude` does.
struct NameFilter {
    std::vector<std::string> include;
    std::vector<std::string> exclude;

    bool keeps(const std::string& name) const;
};

}  // namespace bulkhead::worker
