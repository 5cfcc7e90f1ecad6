// Tricks that take more than a job may have: memory, processes, processor time.
#pragma once
#include <string>

namespace bulkhead::sandbox_test {

// --eat BYTES             maps and touches that much, prints "ok" or the errno
// --spin PROCESSES        so many busy processes, until they are killed
// --fork-until-refused    prints how many processes it could start, and the errno
// --fork-bomb             every process forks for ever
// The exit code; 2 for anything else.
int be_greedy(const std::string& word, const std::string& argument);

}  // namespace bulkhead::sandbox_test
