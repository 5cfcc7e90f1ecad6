#include "common/base/secret.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>
#include <ostream>

namespace bulkhead {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
    out << value;
};

// A short string lives inside the object, so the object's own storage can be looked at when it is
// gone: we own that storage. (A long one lives in memory that is given back and must not be read.)
struct Storage {
    alignas(Secret) std::array<std::byte, sizeof(Secret)> bytes{};

    bool holds(std::string_view text) const {
        const auto* first = reinterpret_cast<const char*>(bytes.data());
        return std::search(first, first + bytes.size(), text.begin(), text.end()) !=
               first + bytes.size();
    }
};

TEST(Secret, IsWipedWhenItEnds) {
    Storage storage;
    auto* secret = new (storage.bytes.data()) Secret("hunter22");
    ASSERT_TRUE(storage.holds("hunter22")) << "this test would see it";
    secret->~Secret();
    EXPECT_FALSE(storage.holds("hunt"));
    EXPECT_FALSE(storage.holds("22"));
}

TEST(Secret, IsWipedWhereItMovedFrom) {
    Storage storage;
    auto* secret = new (storage.bytes.data()) Secret("hunter22");
    const Secret moved(std::move(*secret));
    EXPECT_FALSE(storage.holds("hunter"));
    EXPECT_EQ(moved.reveal(), "hunter22");
    Secret assigned;
    *secret = Secret("hunter33");
    assigned = std::move(*secret);
    EXPECT_FALSE(storage.holds("hunter"));
    EXPECT_EQ(assigned.reveal(), "hunter33");
    secret->~Secret();
}

TEST(Secret, AShorterOneLeavesNothingOfTheLonger) {
    Storage storage;
    auto* secret = new (storage.bytes.data()) Secret("hunter-twenty");
    *secret = Secret("x");
    EXPECT_FALSE(storage.holds("twenty"));
    const Secret other("yz");
    *secret = other;
    EXPECT_EQ(secret->reveal(), "yz");
    secret->~Secret();
}

TEST(Secret, LongOnesMoveAndCopyWhole) {
    const std::string text(1000, 's');
    Secret secret(text);
    Secret copy(secret);
    copy = copy;  // NOLINT: on purpose
    EXPECT_EQ(copy.reveal(), text);
    const Secret moved(std::move(secret));
    EXPECT_EQ(moved.reveal(), text);
    EXPECT_TRUE(secret.empty());  // NOLINT: moved from is empty, by its own promise
}

TEST(Secret, CannotBePrintedOrComparedByAccident) {
    EXPECT_TRUE(Printable<std::string>);
    EXPECT_FALSE(Printable<Secret>);
    EXPECT_FALSE((std::is_convertible_v<Secret, std::string>));
    EXPECT_FALSE((std::is_convertible_v<std::string, Secret>));
}

}  // namespace
}  // namespace bulkhead
