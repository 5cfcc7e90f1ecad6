// Poison: files that a captured worker can leave in its state directory for the next worker.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "common/sys/dir.hpp"

namespace bulkhead::test {

struct Poison {
    std::string name;
    std::function<void(const sys::Dir& dir, const std::string& name)> lay;
    bool slow = false;  // it makes thousands of files
};

std::vector<Poison> all_poison();

// Runs `act` in a child that, if this is root, is nobody and owns `place` while it runs, and that
// may open 256 descriptors. Returns the error of `act`, or how the child ended; "" if all is well.
std::string as_worker(const std::string& place, const std::function<Result<>()>& act);

}  // namespace bulkhead::test
