#include "worker/state/artifact_store.hpp"

#include <gtest/gtest.h>

#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

ArtifactRecord record(const std::string& id, const std::string& state) {
    return {.id = id,
            .key = "k",
            .state = state,
            .reason = "not-approved",
            .detail = "why \n \"so\"",
            .signature = "valid",
            .elf = "e",
            .manifest = "m",
            .approval = "a",
            .approval_inside = true,
            .place = 1,
            .policy_digest = "p",
            .tried = parse_utc("2026-11-22T12:00:00Z").value()};
}

TEST(ArtifactStore, KeepsOneRecordOfEach) {
    const test::TempDir directory;
    const auto state = directory.open();
    const auto store = ArtifactStore::open(state);
    ASSERT_OK(store);
    ASSERT_OK(store->keep(record("a", "refused")));
    ASSERT_OK(store->keep(record(std::string(128, 'b'), "loaded")));
    ASSERT_OK(store->keep(record("a", "loaded")));
    ASSERT_OK(store->forget("unknown"));
    const auto all = ArtifactStore::open(state)->all();
    ASSERT_OK(all);
    ASSERT_EQ(all->size(), 2U);
    ASSERT_OK(store->forget(std::string(128, 'b')));
    const auto one = store->all()->front();
    const auto other = record("a", "loaded");
    EXPECT_EQ(one.id, other.id);
    EXPECT_EQ(one.state, other.state);
    EXPECT_EQ(one.detail, other.detail);
    EXPECT_EQ(one.approval_inside, other.approval_inside);
    EXPECT_EQ(one.place, other.place);
    EXPECT_EQ(one.tried, other.tried);
}

TEST(ArtifactStore, WhatIsDamagedIsRemoved) {
    const test::TempDir directory;
    const auto state = directory.open();
    const auto store = ArtifactStore::open(state);
    ASSERT_OK(store);
    ASSERT_OK(store->keep(record("a", "loaded")));
    const auto inside = state.open_dir("artifacts");
    ASSERT_OK(inside);
    const auto names = inside->list();
    ASSERT_OK(names);
    for (const auto& name : *names) {
        ASSERT_OK(inside->write_atomic(name, "{\"id\":\"b\"}", 0600));
    }
    ASSERT_OK(inside->write_atomic(std::string(64, 'f'), "{}", 0600));
    EXPECT_TRUE(store->all()->empty());
    EXPECT_TRUE(inside->list()->empty());
}

}  // namespace
}  // namespace bulkhead::worker
