// Texts that are compared as a whole.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>

#include "common/base/strong.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::test {

// What it should be: tests/cli/golden/NAME. With UPDATE_GOLDEN in the environment it becomes what
// it is; then read the diff.
inline std::string golden(const std::string& name, const std::string& actual) {
    const auto folder = sys::Dir::open(GOLDEN).value();
    if (::getenv("UPDATE_GOLDEN") != nullptr) {
        EXPECT_TRUE(folder.write_atomic(name, actual, 0644));
    }
    return folder.read_file(name, 1_MiB).value_or("");
}

}  // namespace bulkhead::test
