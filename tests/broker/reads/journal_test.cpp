#include "broker/reads/journal.hpp"

#include <gmock/gmock.h>

#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct ReadJournalTest : testing::Test {
    test::TempDir place;
    sys::Dir dir = place.open();
    records::Audit audit = records::Audit::open(dir).value();
    ReadJournal journal;
    ReadJournal::Time time = ReadJournal::Time() + 24h;

    // The lines that were added.
    std::uint64_t noted(std::string_view path, std::string_view reason) {
        const auto before = audit.head().lines;
        EXPECT_TRUE(journal.note(audit, "tls-certificates", path, reason, time));
        return audit.head().lines - before;
    }
    std::string log() const { return dir.read_file("audit.log", 1 << 20).value(); }
};

TEST_F(ReadJournalTest, AnOutcomeIsRecordedOnceAndItsChangeAgain) {
    EXPECT_EQ(noted("/a", "ok"), 1U);
    EXPECT_EQ(noted("/a", "ok"), 0U);
    EXPECT_EQ(noted("/b", "ok"), 1U);
    EXPECT_EQ(noted("/a", "read-not-roots"), 1U);
    EXPECT_EQ(noted("/a", "read-not-roots"), 0U);
    time += 48h;
    EXPECT_EQ(noted("/a", "read-not-roots"), 0U);
    EXPECT_EQ(noted("/a", "ok"), 1U);
    EXPECT_THAT(log(), HasSubstr("\"event\":\"read-refused\",\"row\":\"tls-certificates\","
                                 "\"path\":\"/a\",\"reason\":\"read-not-roots\""));
}

TEST_F(ReadJournalTest, WhatItRemembersIsBounded) {
    for (std::size_t i = 0; i < ReadJournal::kMostKnown; ++i) noted(std::to_string(i), "ok");
    EXPECT_EQ(noted("0", "ok"), 0U);
    EXPECT_EQ(noted("one more", "ok"), 1U);
    EXPECT_EQ(noted("0", "ok"), 1U) << "forgotten, so told again";
}

TEST_F(ReadJournalTest, AWorkerThatMakesNamesUpDoesNotFillTheLog) {
    std::uint64_t lines = 0;
    for (int i = 0; i < 1'000; ++i) lines += noted(std::to_string(i), "read-not-listed");
    EXPECT_EQ(lines, records::AuditQuota::kMost);
    EXPECT_EQ(noted("/a", "ok"), 1U) << "what is handed out is always recorded";
    EXPECT_THAT(log(), HasSubstr("\"left_out\":744"));
    time += 61min;
    EXPECT_EQ(noted("again", "read-not-listed"), 1U);
}

}  // namespace
}  // namespace bulkhead::broker
