// Makes name resolution work in a process that may open no library any more.
#pragma once
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::worker {

// The services of the "hosts:" line of nsswitch.conf(5), without their [actions].
std::vector<std::string_view> host_services(std::string_view nsswitch);

// Loads the module of each service now: glibc takes one that is loaded already without opening it
// again. A module that is absent is skipped, as glibc does.
Result<> load_resolver_modules();

}  // namespace bulkhead::worker
