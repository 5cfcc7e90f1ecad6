#include "worker/state/spool/atomic_record.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

constexpr std::uint64_t kSlot = 128;

std::string stored_in(const sys::Dir& dir) {
    return std::string(as_text(AtomicRecord::open(dir, "record", kSlot).value().record()));
}

void overwrite(const sys::Dir& dir, off_t offset, std::string_view bytes) {
    const auto fd = dir.open_at("record", O_WRONLY).value();
    ASSERT_EQ(::pwrite(fd.get(), bytes.data(), bytes.size(), offset),
              static_cast<ssize_t>(bytes.size()));
}

TEST(AtomicRecord, IsEmptyUntilSomethingIsStored) {
    const test::Tree dir = test::tree({});
    ASSERT_TRUE(AtomicRecord::create(dir, "record", kSlot));
    EXPECT_EQ(stored_in(dir), "");
}

TEST(AtomicRecord, TheLastRecordCounts) {
    const test::Tree dir = test::tree({});
    auto file = AtomicRecord::create(dir, "record", kSlot).value();
    for (const auto* text : {"one", "two", "three"}) {
        ASSERT_TRUE(file.store(as_bytes(std::string_view(text))));
        EXPECT_EQ(as_text(file.record()), text);
        EXPECT_EQ(stored_in(dir), text);
    }
}

TEST(AtomicRecord, AHalfWrittenRecordLeavesTheOneBefore) {
    const test::Tree dir = test::tree({});
    auto file = AtomicRecord::create(dir, "record", kSlot).value();
    ASSERT_TRUE(file.store(as_bytes("one")));
    ASSERT_TRUE(file.store(as_bytes("two")));
    overwrite(dir, 12, "T");  // record two is the second one, in the first slot
    EXPECT_EQ(stored_in(dir), "one");
    auto again = AtomicRecord::open(dir, "record", kSlot).value();
    ASSERT_TRUE(again.store(as_bytes("three")));
    EXPECT_EQ(stored_in(dir), "three");
}

TEST(AtomicRecord, ACutFileHasNoRecord) {
    const test::Tree dir = test::tree({{"record", "cut"}});
    EXPECT_EQ(stored_in(dir), "");
    const test::Tree huge = test::tree({{"record", std::string(3 * kSlot, '\xff')}});
    EXPECT_FALSE(AtomicRecord::open(huge, "record", kSlot));
}

TEST(AtomicRecord, ARecordLargerThanItsSlotIsRefused) {
    const test::Tree dir = test::tree({});
    auto file = AtomicRecord::create(dir, "record", kSlot).value();
    ASSERT_TRUE(file.store(as_bytes("before")));
    EXPECT_FALSE(file.store(as_bytes(std::string(kSlot - 43, 'x'))));
    EXPECT_EQ(stored_in(dir), "before");
    EXPECT_TRUE(file.store(as_bytes(std::string(kSlot - 44, 'x'))));
    EXPECT_EQ(stored_in(dir), std::string(kSlot - 44, 'x'));
}

}  // namespace
}  // namespace bulkhead::worker
