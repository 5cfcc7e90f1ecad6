#include "loader/bpf/clsact.hpp"
#include "loader/bpf/messages.hpp"
#include "loader/load.hpp"

namespace bulkhead::loader {

Result<> remove_filters(const std::vector<protocol::NamedFilter>& filters) {
    keep_messages();
    Result<> first;
    for (const auto& filter : filters) {
        const auto removed = remove_filter(filter);
        if (!removed && first) first = removed;
    }
    return first;
}

}  // namespace bulkhead::loader
