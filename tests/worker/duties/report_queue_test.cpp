#include "worker/duties/report_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace bulkhead::worker {
namespace {

std::vector<ReportItem> items(int count, const std::string& padding = "") {
    std::vector<ReportItem> all;
    for (int i = 0; i < count; ++i) {
        InventoryElement element{Collection::connections, std::to_string(i) + padding};
        const auto digest = digest_of(element);
        all.push_back({std::move(element), digest});
    }
    return all;
}

std::vector<std::string> texts(const std::vector<InventoryElement>& elements) {
    std::vector<std::string> all;
    for (const auto& element : elements) all.push_back(element.json);
    return all;
}

std::vector<std::string> texts(const ReportQueue::Settled& settled) {
    std::vector<std::string> all;
    for (const auto* item : settled) all.push_back(item->element.json);
    return all;
}

constexpr ReportLimits kWide{.bytes = 1'000'000, .elements = 1'000};
using Texts = std::vector<std::string>;

TEST(ReportQueue, WithNothingNewStillHoldsTheReportThatIsTheHeartbeat) {
    ReportQueue queue({}, kWide);
    ASSERT_FALSE(queue.done());
    EXPECT_EQ(queue.next_size(), 0U);
    EXPECT_TRUE(queue.next().empty());
    EXPECT_TRUE(queue.accepted().empty());
    EXPECT_TRUE(queue.done());
}

TEST(ReportQueue, SplitsBeforeSendingByBytesAndByCount) {
    ReportQueue by_bytes(items(10, "xxxx"), {.bytes = 12, .elements = 1'000});
    EXPECT_EQ(texts(by_bytes.next()), (Texts{"0xxxx", "1xxxx"}));
    ReportQueue by_count(items(10), {.bytes = 1'000, .elements = 3});
    EXPECT_EQ(texts(by_count.next()), (Texts{"0", "1", "2"}));
    by_count.accepted();
    EXPECT_EQ(texts(by_count.next()), (Texts{"3", "4", "5"}));
}

TEST(ReportQueue, AnElementLargerThanTheLimitGoesAlone) {
    ReportQueue queue(items(2, std::string(100, 'x')), {.bytes = 10, .elements = 1'000});
    EXPECT_EQ(queue.next().size(), 1U);
    queue.accepted();
    EXPECT_EQ(queue.next().size(), 1U);
}

// A backend that takes at most `most` elements: every element arrives once, in their order.
TEST(ReportQueue, HalvesUntilTheBackendTakesIt) {
    for (const std::size_t most : {1U, 2U, 3U, 50U}) {
        ReportQueue queue(items(100), kWide);
        Texts arrived;
        int requests = 0;
        while (!queue.done() && ++requests < 1'000) {
            if (queue.next().size() > most) {
                EXPECT_TRUE(queue.too_large().empty());
                continue;
            }
            for (auto& text : texts(queue.accepted())) arrived.push_back(std::move(text));
        }
        ASSERT_EQ(arrived.size(), 100U) << most;
        for (int i = 0; i < 100; ++i)
            EXPECT_EQ(arrived[static_cast<std::size_t>(i)], std::to_string(i));
    }
}

TEST(ReportQueue, OneElementThatIsTooLargeAloneIsDroppedAndTheOthersGo) {
    ReportQueue queue(items(8), kWide);
    Texts arrived;
    Texts dropped;
    while (!queue.done()) {
        const auto next = texts(queue.next());
        if (std::ranges::find(next, "5") != next.end()) {
            for (auto& text : texts(queue.too_large())) dropped.push_back(std::move(text));
        } else {
            for (auto& text : texts(queue.accepted())) arrived.push_back(std::move(text));
        }
    }
    EXPECT_EQ(dropped, Texts{"5"});
    EXPECT_EQ(arrived, (Texts{"0", "1", "2", "3", "4", "6", "7"}));
}

TEST(ReportQueue, WhatIsRefusedByNameGoesAndTheRestIsSentAgain) {
    ReportQueue queue(items(4), kWide);
    EXPECT_EQ(texts(queue.refused({1, 3})), (Texts{"1", "3"}));
    EXPECT_EQ(texts(queue.next()), (Texts{"0", "2"}));
    EXPECT_EQ(texts(queue.accepted()), (Texts{"0", "2"}));
    EXPECT_TRUE(queue.done());
}

TEST(ReportQueue, WhereAllIsRefusedAnEmptyReportStillTellsThatTheHostLives) {
    ReportQueue queue(items(2), kWide);
    queue.refused({0, 1});
    ASSERT_FALSE(queue.done());
    EXPECT_EQ(queue.next_size(), 0U);
}

TEST(ReportQueue, AnEmptiedReportIsNotSentWhereAnotherWasAccepted) {
    ReportQueue queue(items(2), {.bytes = 1'000, .elements = 1});
    queue.accepted();
    queue.refused({0});
    EXPECT_TRUE(queue.done());
}

TEST(ReportQueue, NamesBeyondTheReportAreNobody) {
    ReportQueue queue(items(2), kWide);
    EXPECT_TRUE(queue.refused({7}).empty());
    EXPECT_EQ(queue.next().size(), 2U);
}

}  // namespace
}  // namespace bulkhead::worker
