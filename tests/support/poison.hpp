// What a worker that was taken over can leave in its state directory for the next one.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "common/sys/dir.hpp"

namespace bulkhead::test {

struct Poison {
    std::string name;
    std::function<void(const sys::Dir& dir, const std::string& name)> lay;
    bool slow = false;
};

std::vector<Poison> all_poison();

// Done by a process without privileges of its own and with few descriptors, to whom `place` belongs
// meanwhile: what it says is wrong, "" when nothing is.
std::string as_worker(const std::string& place, const std::function<Result<>()>& act);

}  // namespace bulkhead::test
