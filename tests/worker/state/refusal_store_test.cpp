#include "worker/state/refusal_store.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

const KeptRefusal kRefusal{.backend = "fleet",
                           .delivery_id = {"../a\"\xc3\xb6"},
                           .reason = "not-approved",
                           .detail = "two lines\nof detail",
                           .rule = "approval.policy:3"};

TEST(RefusalStore, KeepsEachUntilItIsForgotten) {
    const test::TempDir state;
    {
        const auto store = RefusalStore::open(state.open()).value();
        auto other = kRefusal;
        other.backend = "other";
        ASSERT_TRUE(store.keep(kRefusal));
        ASSERT_TRUE(store.keep(kRefusal));
        ASSERT_TRUE(store.keep(other));
    }
    const auto store = RefusalStore::open(state.open()).value();
    const auto kept = store.of("fleet").value();
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept[0].reason, kRefusal.reason);
    EXPECT_EQ(kept[0].detail, kRefusal.detail);
    EXPECT_EQ(kept[0].rule, kRefusal.rule);
    ASSERT_TRUE(store.forget("fleet", kRefusal.delivery_id));
    ASSERT_TRUE(store.forget("fleet", kRefusal.delivery_id)) << "absent is no error";
    EXPECT_TRUE(store.of("fleet").value().empty());
    EXPECT_EQ(store.of("other").value().size(), 1U);
}

TEST(RefusalStore, AFileThatNeverGotItsNameCountsOnce) {
    const test::TempDir state;
    const auto store = RefusalStore::open(state.open()).value();
    ASSERT_TRUE(store.keep(kRefusal));
    const auto folder = std::filesystem::path(state.path()) / "refusals";
    const auto named = std::filesystem::directory_iterator(folder)->path();
    std::filesystem::copy(named, folder / "unnamed");
    EXPECT_EQ(store.of("fleet").value().size(), 1U);
    EXPECT_FALSE(std::filesystem::exists(folder / "unnamed"));
    std::filesystem::rename(named, folder / "unnamed");
    EXPECT_EQ(store.of("fleet").value().size(), 1U);
    ASSERT_TRUE(store.forget("fleet", kRefusal.delivery_id));
    EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(RefusalStore, ADamagedFileIsRemovedAndHidesNoOther) {
    const test::TempDir state;
    const auto store = RefusalStore::open(state.open()).value();
    ASSERT_TRUE(store.keep(kRefusal));
    const auto broken = state.path() + "/refusals/" + std::string(64, '0');
    std::ofstream(broken) << "{\"backend\":\"fleet\"";
    EXPECT_EQ(store.of("fleet").value().size(), 1U);
    EXPECT_FALSE(std::ifstream(broken).is_open());
}

}  // namespace
}  // namespace bulkhead::worker
