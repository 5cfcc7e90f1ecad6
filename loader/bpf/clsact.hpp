// TC programs where the kernel has no tcx link (before Linux 6.6): filters of the qdisc clsact
// (tc-bpf(8)), which no descriptor holds. A filter has a name instead: interface, direction,
// priority and handle.
#pragma once
#include "common/base/result.hpp"
#include "common/protocol/artifacts.hpp"

namespace bulkhead::loader {

// Adds the filter, with the qdisc where there is none. Errors: EEXIST if there is one of this name.
// Nothing is left behind by an error.
Result<> add_filter(const protocol::NamedFilter& filter, int program);
// Removes the filter, and the qdisc when no filter is left in it. It is no error if the filter, the
// qdisc or the interface is gone already.
Result<> remove_filter(const protocol::NamedFilter& filter);

}  // namespace bulkhead::loader
