#include "worker/state/leftovers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/poison.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Leftovers = testing::TestWithParam<test::Poison>;

TEST_P(Leftovers, AreRemovedWhateverTheyAre) {
    const test::TempDir place;
    const auto wrong = test::as_worker(place.path(), [&]() -> Result<> {
        const auto dir = place.open();
        GetParam().lay(dir, "left");
        TRY(remove_any(dir, "left"));
        return TRY(dir.list()).empty() ? Result<>() : fail("something stays");
    });
    EXPECT_EQ(wrong, "");
}

TEST_P(Leftovers, MakeRoomForADirectory) {
    const test::TempDir place;
    const auto wrong = test::as_worker(place.path(), [&]() -> Result<> {
        const auto dir = place.open();
        GetParam().lay(dir, "spool");
        Removed removed;
        const auto ours = TRY(own_dir(dir, "spool", removed));
        TRY(ours.write_atomic("of ours", "x", 0600));
        return remove_any(dir, "spool");
    });
    EXPECT_EQ(wrong, "");
}

INSTANTIATE_TEST_SUITE_P(OfAll, Leftovers, testing::ValuesIn(test::all_poison()),
                         [](const auto& one) { return one.param.name; });

TEST(Leftovers, AreSaidToBeRemovedAndFewAreSpelledOut) {
    Removed removed;
    removed.add("a\nb", "not a directory");
    EXPECT_THAT(removed.sentences(), ElementsAre(R"(a\x0ab: not a directory, removed)"));
    for (int i = 0; i < 100; ++i) removed.add("x", "too large");
    EXPECT_EQ(removed.sentences().size(), 21U);
    EXPECT_EQ(removed.sentences().back(), "and 81 more, removed");
}

TEST(Leftovers, ALinkIsRemovedAndNotFollowed) {
    const auto tree = test::tree({{"beside/kept", "1"}, {"top/x", "2"}});
    tree.link("top/link", "../beside");
    tree.link("link", "beside");
    ASSERT_TRUE(remove_any(tree, "top"));
    ASSERT_TRUE(remove_any(tree, "link"));
    EXPECT_TRUE(remove_any(tree, "absent"));
    EXPECT_EQ(tree.open().read_file("beside/kept", 10), "1");
}

TEST(Leftovers, FilesOfOursStayAmongManyOthers) {
    const auto tree = test::tree({{"ours.key", "1"}, {"large.key", "0123456789"}, {"note", "2"}});
    const auto ours = [](std::string_view name) { return name.ends_with(".key"); };
    Removed removed;
    ASSERT_TRUE(keep_files(tree, ours, 9, 5, removed));
    EXPECT_THAT(tree.open().list().value(), ElementsAre("note", "ours.key"));
    for (const char* name : {"a", "b", "c", "d"}) tree.write(name, "");
    ASSERT_TRUE(keep_files(tree, ours, 9, 5, removed));
    EXPECT_THAT(tree.open().list().value(), ElementsAre("ours.key"));
}

}  // namespace
}  // namespace bulkhead::worker
