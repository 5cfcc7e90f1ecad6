#include "worker/state/sample_store.hpp"

#include <gtest/gtest.h>

#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

constexpr const char* kBoot = "ee1b7ed6-0a5e-4c9e-9a54-6f1f2c8b7d10";
const CpuSample kSample{.times = {.ticks = {1, 2, 3, UINT64_MAX, 5, 6, 7, 8}},
                        .at = std::chrono::milliseconds(123'456)};

TEST(SampleStore, ASampleComesBackAsItWasWritten) {
    const auto state = test::tree({});
    const auto store = SampleStore::open(state.open());
    ASSERT_OK(store);
    EXPECT_FALSE(store->load("main", kBoot));
    ASSERT_OK(store->save("main", kBoot, kSample));
    EXPECT_EQ(store->load("main", kBoot), kSample);
    EXPECT_FALSE(store->load("other", kBoot));
}

TEST(SampleStore, OneOfAnotherBootIsNone) {
    const auto state = test::tree({});
    const auto store = SampleStore::open(state.open()).value();
    ASSERT_OK(store.save("main", kBoot, kSample));
    EXPECT_FALSE(store.load("main", "0d2bd6a4-0000-4c9e-9a54-6f1f2c8b7d10"));
    EXPECT_FALSE(store.load("main", ""));
    ASSERT_OK(store.save("unknown", "", kSample));
    EXPECT_FALSE(store.load("unknown", "")) << "without a boot id nothing is kept";
}

TEST(SampleStore, WhatIsNotUnderstoodIsNone) {
    const auto whole = format_sample(kBoot, kSample);
    ASSERT_OK(parse_sample(whole, kBoot));
    EXPECT_FALSE(parse_sample(whole.substr(0, whole.size() / 2), kBoot));
    EXPECT_FALSE(parse_sample(whole.substr(0, whole.size() - 1) + " 9\n", kBoot));
    EXPECT_FALSE(parse_sample("", kBoot));
    for (const auto& [from, to] : {std::pair{"v1", "v2"}, {"123456", "x"}, {" 5 ", " -5 "}}) {
        auto odd = whole;
        odd.replace(odd.find(from), std::string(from).size(), to);
        EXPECT_FALSE(parse_sample(odd, kBoot)) << odd;
    }
    const auto state = test::tree({{"samples/main.cpu", std::string(600, 'x')}});
    EXPECT_FALSE(SampleStore::open(state.open())->load("main", kBoot));
}

}  // namespace
}  // namespace bulkhead::worker
