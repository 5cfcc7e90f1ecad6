#include "worker/duties/early_jobs.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

EarlyJob early(const std::string& id, unsigned asked = 1) {
    return {.offer = {.id = DeliveryId{id}, .work = UnusableJob{"made up"}},
            .refusal = {.delivery_id = DeliveryId{id}, .reason = "too-early"},
            .asked = asked};
}

class EarlyJobsTest : public testing::Test {
  protected:
    sys::Loop loop_ = sys::Loop::create().value();
    std::vector<std::string> due_;
    EarlyJobs jobs_{loop_, [this](const EarlyJob& job) { due_.push_back(job.offer.id.value); }};
};

TEST_F(EarlyJobsTest, EachIsGivenBackWhenItIsDueAndOnce) {
    jobs_.hold(early("a"), 0s);
    jobs_.hold(early("b"), 300s);
    EXPECT_TRUE(jobs_.holds({"a"}));
    const auto end = sys::Clock::now() + 10s;
    while (due_.empty() && sys::Clock::now() < end) ASSERT_TRUE(loop_.step(50ms));
    EXPECT_EQ(due_, std::vector<std::string>{"a"});
    EXPECT_FALSE(jobs_.holds({"a"}));
    EXPECT_EQ(jobs_.size(), 1U);
}

TEST_F(EarlyJobsTest, WhatIsReleasedIsNotDueAnyMore) {
    for (const auto* id : {"a", "b", "c"}) jobs_.hold(early(id), 0s);
    EXPECT_EQ(jobs_.release({"b"}).at(0).refusal.reason, "too-early");
    EXPECT_TRUE(jobs_.release({"unknown"}).empty());
    EXPECT_EQ(jobs_.release_all().size(), 2U);
    const auto end = sys::Clock::now() + 1500ms;
    while (sys::Clock::now() < end) ASSERT_TRUE(loop_.step(50ms));
    EXPECT_TRUE(due_.empty());
}

// A backend with many, and a clock that does not go on, are answered in the end.
TEST_F(EarlyJobsTest, TheyAreBounded) {
    EXPECT_TRUE(jobs_.takes(early("a", EarlyJobs::kMostAsked - 1)));
    EXPECT_FALSE(jobs_.takes(early("a", EarlyJobs::kMostAsked)));
    for (std::size_t i = 0; i < EarlyJobs::kMost; ++i) {
        ASSERT_TRUE(jobs_.takes(early("x")));
        jobs_.hold(early("x" + std::to_string(i)), 300s);
    }
    EXPECT_FALSE(jobs_.takes(early("one more")));
}

}  // namespace
}  // namespace bulkhead::worker
