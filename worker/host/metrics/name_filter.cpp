#include "worker/host/metrics/name_filter.hpp"

#include <fnmatch.h>

#include <algorithm>

namespace bulkhead::worker {

bool NameFilter::keeps(const std::string& name) const {
    const auto matches = [&](const std::string& pattern) {
        return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
    };
    return (include.empty() || std::ranges::any_of(include, matches)) &&
           std::ranges::none_of(exclude, matches);
}

}  // namespace bulkhead::worker
