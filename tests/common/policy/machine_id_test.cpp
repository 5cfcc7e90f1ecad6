#include "common/policy/machine_id.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bulkhead::policy {
namespace {

TEST(MachineId, NamesOneMachine) {
    EXPECT_TRUE(is_machine_id("0123456789abcdef0123456789abcdef"));
    EXPECT_TRUE(is_machine_id("00000000000000000000000000000001"));
}

// With a hash of any of these every host of an image would have the same id.
TEST(MachineId, OfAnImageIsNone) {
    for (const auto& image :
         {std::string(), std::string("uninitialized"), std::string(32, '0'), std::string(32, 'f'),
          std::string(31, '1'), std::string("0123456789ABCDEF0123456789ABCDEF"),
          std::string("0123456789abcdef0123456789abcdef\r"),
          std::string("01234567-89ab-cdef-0123-456789abcdef")}) {
        EXPECT_FALSE(is_machine_id(image)) << image;
    }
}

}  // namespace
}  // namespace bulkhead::policy
