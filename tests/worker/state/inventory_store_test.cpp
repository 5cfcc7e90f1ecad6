#include "worker/state/inventory_store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

ElementDigest digest(const std::string& text) { return digest_of({Collection::connections, text}); }

InventoryState full_state() {
    InventoryState state{.sequence = 12,
                         .last_accepted = UnixTime{1'800'000'000s},
                         .held = true,
                         .policy = {.interval = 60s,
                                    .jitter = 0s,
                                    .collect_timeout = 5s,
                                    .max_report_bytes = 16'384,
                                    .enabled = CollectionSet("1011")},
                         .peer = HttpPeer{"2001:db8::1", 443}};
    state.of(Collection::connections) = {digest("a"), digest("b")};
    std::ranges::sort(state.of(Collection::connections));
    state.of(Collection::routes) = {digest("c")};
    return state;
}

TEST(InventoryState, ComesBackAsItWasWritten) {
    const auto read = parse_state(format_state(full_state()));
    ASSERT_OK(read);
    const auto wrote = full_state();
    EXPECT_EQ(read->sequence, wrote.sequence);
    EXPECT_EQ(read->last_accepted, wrote.last_accepted);
    EXPECT_EQ(read->held, wrote.held);
    EXPECT_EQ(read->peer, wrote.peer);
    EXPECT_EQ(read->policy.interval, wrote.policy.interval);
    EXPECT_EQ(read->policy.jitter, wrote.policy.jitter);
    EXPECT_EQ(read->policy.collect_timeout, wrote.policy.collect_timeout);
    EXPECT_EQ(read->policy.max_report_bytes, wrote.policy.max_report_bytes);
    EXPECT_EQ(read->policy.enabled, wrote.policy.enabled);
    EXPECT_EQ(read->accepted, wrote.accepted);
}

TEST(InventoryState, CutAnywhereIsDamagedAndNeverHalfBelieved) {
    const auto whole = format_state(full_state());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(parse_state(whole.substr(0, size))) << size;
    }
}

TEST(InventoryState, WhatIsNotUnderstoodIsAnError) {
    for (const auto* line : {"sequence many", "sequence", "jitter -1", "enabled 10", "routes 00",
                             "last-accepted yesterday", "colour blue"}) {
        EXPECT_FALSE(parse_state("bulkhead-inventory v1\n" + std::string(line) + "\nend\n"))
            << line;
    }
}

TEST(InventoryState, APolicyIsChangedByWhatItNamesOnly) {
    auto policy = full_state().policy;
    merge(policy, {.jitter = 7s});
    EXPECT_EQ(policy.jitter, 7s);
    EXPECT_EQ(policy.interval, 60s);
    EXPECT_EQ(policy.enabled, CollectionSet("1011"));
}

TEST(InventoryStore, IsPrivateAndStartsEmpty) {
    const test::TempDir dir;
    const auto store = InventoryStore::open(dir.open());
    ASSERT_TRUE(store);
    const auto nothing = store->load("fleet");
    ASSERT_TRUE(nothing);
    EXPECT_EQ(nothing->sequence, 0U);
    ASSERT_TRUE(store->save("fleet", full_state()));
    EXPECT_EQ(store->load("fleet")->sequence, 12U);
    struct stat info {};
    ASSERT_EQ(::stat((dir / "inventory/fleet.state").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600U);
    ASSERT_EQ(::stat((dir / "inventory").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0700U);
}

TEST(InventoryStore, ADamagedFileIsAnError) {
    const auto tree = test::tree({{"inventory/fleet.state", "bulkhead-inventory v1\nseq"}});
    EXPECT_FALSE(InventoryStore::open(tree.open())->load("fleet"));
}

}  // namespace
}  // namespace bulkhead::worker
