// OnlyCalls: a list of system calls for the loaders of a test that is shorter than the shipped one.
#pragma once
#include <span>
#include <string_view>

namespace bulkhead::test {

// For as long as one lives, loaders get of the shipped list what it allows of `calls`, and what it
// answers with an error.
class OnlyCalls {
  public:
    explicit OnlyCalls(std::span<const std::string_view> calls);
    ~OnlyCalls();
    OnlyCalls(const OnlyCalls&) = delete;
    OnlyCalls& operator=(const OnlyCalls&) = delete;
};

}  // namespace bulkhead::test
