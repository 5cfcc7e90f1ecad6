// Loads the libraries of name resolution before confine(), after which none can be mapped.
#pragma once
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::worker {

// The services of the "hosts:" line of nsswitch.conf(5), without their [actions].
std::vector<std::string_view> host_services(std::string_view nsswitch);

// Loads the module libnss_NAME.so.2 of each service in /etc/nsswitch.conf; getaddrinfo(3) then uses
// the loaded one without opening it again. A module that is absent is skipped, as glibc does.
// Error: the file exists and cannot be read.
Result<> load_resolver_modules();

}  // namespace bulkhead::worker
