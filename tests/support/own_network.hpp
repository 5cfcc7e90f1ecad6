// A network namespace of a test's own, and the few changes to it that tests need. Gone with the
// process that entered it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::test {

// For a child process: everything below happens in there. Needs root.
Result<> enter_own_network();

// Each takes or yields the kernel's index of an interface.
std::uint32_t interface_index(const std::string& name);
Result<> add_bridge(const std::string& name);
Result<> bring_up(std::uint32_t interface);
Result<> add_address(std::uint32_t interface, const std::string& ip, std::uint8_t prefix_length);
Result<> add_neighbour(std::uint32_t interface, const std::string& ip, const std::string& mac);
// "0.0.0.0" with prefix 0 is the default route; an empty gateway is none.
Result<> add_route(std::uint32_t interface, const std::string& destination,
                   std::uint8_t prefix_length, const std::string& gateway);

// Both ends of half as many connections over loopback, and their listener. An error that begins
// with "skip: " where this machine allows too few open files.
Result<std::vector<sys::Fd>> connect_to_self(int count);

}  // namespace bulkhead::test
