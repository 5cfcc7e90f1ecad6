#include "broker/records/history.hpp"

#include <gmock/gmock.h>

#include "tests/broker/records/samples.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::records {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::vector<Record>& records) {
    const auto history = replay(file_of(records));
    return history ? "accepted" : history.error().what;
}

std::vector<Record> a_life() {
    return {clock_record(1, kNoon), start_record(1),
            end_record(1),          reported_record(1),
            start_record(2),        end_record(2),
            start_record(3),        clock_record(4, kNoon + std::chrono::hours(1))};
}

TEST(History, TellsWhatWasStartedEndedAndReported) {
    const auto history = replay(file_of(a_life()));
    ASSERT_OK(history);
    EXPECT_EQ(history->runs().size(), 3U);
    EXPECT_EQ(history->next(), JobNumber{4});
    EXPECT_EQ(history->floor(), kNoon + std::chrono::hours(1));
    ASSERT_EQ(history->open_jobs().size(), 2U);
    EXPECT_TRUE(history->open_jobs().at(JobNumber{2}).end);
    EXPECT_FALSE(history->open_jobs().at(JobNumber{3}).end);
    EXPECT_EQ(history->owed(), 3U);
}

TEST(History, ARecordOfTheLongestTextsStillFits) {
    auto record = start_record(1);
    record.start.job_id.value = protocol::Name::clipped(std::string(500, 'j'));
    record.start.backend = BoundaryText<32>::clipped(std::string(500, 'b'));
    record.start.delivery_id.value = protocol::Label::clipped(std::string(500, 'd'));
    record.start.profile = protocol::Name::clipped(std::string(500, 'p'));
    crypto::Digest chain{};
    EXPECT_EQ(encode(record, chain).size(), kRecordBytes);
    const auto history = replay(file_of({record}));
    ASSERT_OK(history);
    EXPECT_EQ(history->open_jobs().at(JobNumber{1}).start.delivery_id.value.str(),
              std::string(128, 'd'));
    EXPECT_EQ(history->open_jobs().at(JobNumber{1}).start.profile.str(), std::string(64, 'p'));
}

TEST(History, AnEndOfTheLongestTextsStillFits) {
    auto record = end_record(1);
    record.end.reason = protocol::Code::clipped(std::string(500, 'r'));
    record.end.detail = decltype(record.end.detail)::clipped(std::string(500, 'd'));
    record.end.left_behind = 70'000;
    record.end.left_names = decltype(record.end.left_names)::clipped(std::string(500, 'n'));
    record.end.rebooted = true;
    const auto history = replay(file_of({start_record(1), record}));
    ASSERT_OK(history);
    const auto& end = history->open_jobs().at(JobNumber{1}).end;
    EXPECT_EQ(end->left_behind, 70'000U);
    EXPECT_EQ(end->left_names.str(), std::string(96, 'n'));
    EXPECT_TRUE(end->rebooted);
}

// An agent that was upgraded must read what the one before it wrote. If this fails because a
// message of the protocol changed, give the file format a new number and read both.
TEST(History, AFileOfTheFirstVersionReadsAsItAlwaysDid) {
    const auto corpus = sys::Dir::open(CORPUS "/ledger");
    ASSERT_OK(corpus);
    const auto file = corpus->read_file("version-1", 1_MiB);
    ASSERT_OK(file);
    EXPECT_EQ(*file, file_of(a_life()));
    // Its ends knew nothing of what a job leaves behind: zeros stand where that came to be.
    const auto history = replay(*file);
    ASSERT_OK(history);
    EXPECT_EQ(history->open_jobs().at(JobNumber{2}).end->left_behind, 0U);
    EXPECT_FALSE(history->open_jobs().at(JobNumber{2}).end->rebooted);
}

// The next version has to read it, too. UPDATE_GOLDEN writes the file.
TEST(History, AFileOfTheSecondFormatReadsAsItAlwaysDid) {
    const auto corpus = sys::Dir::open(CORPUS "/ledger");
    ASSERT_OK(corpus);
    const auto expected = file_of({header_record(1, {.count = 7,
                                                     .host = crypto::sha256(as_bytes("host")),
                                                     .birth = 1'795'000'000,
                                                     .after_loss = true}),
                                   ran_record(1), repeated_record(2), start_record(3),
                                   end_record(3), clock_record(4, kNoon)});
    if (::getenv("UPDATE_GOLDEN") != nullptr) {
        ASSERT_TRUE(corpus->write_atomic("version-2", expected, 0644));
    }
    const auto file = corpus->read_file("version-2", 1_MiB);
    ASSERT_OK(file);
    EXPECT_EQ(*file, expected);
    EXPECT_EQ(replay(*file)->count(), 12U);
}

TEST(History, EveryFlippedBitIsRefusedAndNeverReadsAsAnotherPast) {
    const auto good = file_of(a_life());
    const auto truth = facts(*replay(good));
    for (std::size_t byte = 0; byte < good.size(); ++byte) {
        for (int bit = 0; bit < 8; ++bit) {
            auto bad = good;
            bad[byte] = static_cast<char>(bad[byte] ^ (1 << bit));
            const auto history = replay(bad);
            if (history) {
                ASSERT_EQ(facts(*history), truth) << "byte " << byte << " bit " << bit;
            }
        }
    }
}

TEST(History, TheErrorNamesTheOffsetOfTheBadRecord) {
    auto file = file_of(a_life());
    file[3 * kRecordBytes + 100] ^= 1;
    const auto history = replay(file);
    ASSERT_FALSE(history);
    EXPECT_EQ(history.error().what, "record at byte 1536: digest does not match");
}

TEST(History, ARecordMissingFromTheMiddleIsNoticed) {
    for (std::size_t gone = 0; gone + 1 < a_life().size(); ++gone) {
        auto file = file_of(a_life());
        file.erase(gone * kRecordBytes, kRecordBytes);
        EXPECT_FALSE(replay(file)) << gone;
    }
}

TEST(History, ARecordOfAnOlderFileInTheRightPlaceIsNoticed) {
    auto older = a_life();
    older[0].time -= std::chrono::seconds(1);
    auto file = file_of(a_life());
    file.replace(4 * kRecordBytes, kRecordBytes, file_of(older), 4 * kRecordBytes, kRecordBytes);
    EXPECT_FALSE(replay(file));
}

TEST(History, ALastRecordThatWasNeverCompletedIsLeftOut) {
    const auto good = file_of(a_life());
    const auto truth = facts(*replay(good));
    const std::size_t body = kRecordBytes - sizeof(crypto::Digest);
    auto more = a_life();
    more.push_back(start_record(4, kNoon + std::chrono::hours(2)));
    const auto longer = file_of(more);
    for (std::size_t cut = 0; cut < kRecordBytes; ++cut) {
        auto torn = replay(longer.substr(0, good.size() + cut));
        ASSERT_OK(torn) << cut;
        EXPECT_EQ(facts(*torn), truth);
        // The size was on disk before the bytes were.
        torn = replay(longer.substr(0, good.size() + cut) + std::string(kRecordBytes - cut, '\0'));
        if (cut <= body) {
            ASSERT_OK(torn) << cut;
        }
        if (torn) {
            EXPECT_EQ(facts(*torn), truth);
        }
    }
}

TEST(History, AnEmptyFileIsNotAFreshOne) {
    EXPECT_FALSE(replay(""));
    EXPECT_FALSE(replay(file_of(a_life()).substr(0, 300)));
    EXPECT_FALSE(replay(std::string(kRecordBytes, '\0')));
}

TEST(History, ZerosInTheMiddleAreNotATornEnd) {
    const auto good = file_of(a_life());
    EXPECT_FALSE(replay(good + std::string(2 * kRecordBytes, '\0')));
    EXPECT_FALSE(replay(good + std::string(kRecordBytes, '\0') + "x"));
}

TEST(History, RecordsThatCannotFollowAreRefused) {
    const auto clock = clock_record(1, kNoon);
    EXPECT_THAT(refusal({clock, end_record(1)}), HasSubstr("no such job is running"));
    EXPECT_THAT(refusal({clock, reported_record(1)}), HasSubstr("no such job has ended"));
    EXPECT_THAT(refusal({clock, start_record(1), reported_record(1)}),
                HasSubstr("no such job has ended"));
    EXPECT_THAT(refusal({clock, start_record(1), end_record(1), end_record(1)}),
                HasSubstr("no such job is running"));
    EXPECT_THAT(refusal({clock, start_record(1), end_record(1), reported_record(1), end_record(1)}),
                HasSubstr("no such job is running"));
    EXPECT_THAT(refusal({clock, start_record(1), start_record(1)}),
                HasSubstr("job number was given before"));
    EXPECT_THAT(refusal({clock_record(9, kNoon), start_record(8)}),
                HasSubstr("job number was given before"));
    EXPECT_THAT(refusal({clock_record(9, kNoon), clock_record(8, kNoon)}),
                HasSubstr("job numbers run backwards"));
    EXPECT_THAT(refusal({clock, clock_record(1, kNoon - std::chrono::seconds(1))}),
                HasSubstr("time runs backwards"));
    EXPECT_THAT(refusal({clock_record(1, UnixTime(std::chrono::seconds(-1)))}),
                HasSubstr("time runs backwards"));
    EXPECT_THAT(refusal({clock_record(1, UnixTime(std::chrono::seconds(1LL << 62)))}),
                HasSubstr("wild"));
    EXPECT_THAT(refusal({clock, start_record(~0ULL)}), HasSubstr("job number is out of range"));
    auto endless = start_record(1);
    endless.start.not_after = UnixTime(std::chrono::seconds(1LL << 62));
    EXPECT_THAT(refusal({clock, endless}), HasSubstr("not-after is out of range"));
}

TEST(History, ARunIsForgottenOnlyWhenReportedAndNothingCanAskForIt) {
    using std::chrono::hours;
    const auto kept = [](std::vector<Record> records, UnixTime floor) {
        records.push_back(clock_record(9, floor));
        return replay(file_of(records))->keeps(JobNumber{1});
    };
    const auto life = [](std::chrono::seconds valid, std::uint32_t period = 0) {
        auto start = start_record(1);
        start.start.not_after = kNoon + valid;
        start.start.period = period;
        return std::vector<Record>{start, end_record(1), reported_record(1)};
    };
    const auto second = std::chrono::seconds(1);
    EXPECT_TRUE(kept(life(hours(48)), kNoon + hours(48) + kHorizon));
    EXPECT_FALSE(kept(life(hours(48)), kNoon + hours(48) + kHorizon + second));
    const auto none = std::chrono::seconds(0);
    EXPECT_TRUE(kept(life(none), kNoon + hours(24))) << "repeatable, by 0.1";
    EXPECT_FALSE(kept(life(none), kNoon + hours(24) + second));
    EXPECT_TRUE(kept(life(none, 3600), kNoon + hours(1)));
    EXPECT_FALSE(kept(life(none, 3600), kNoon + hours(1) + second));
    auto unreported = life(none);
    unreported.pop_back();
    EXPECT_TRUE(kept(unreported, kNoon + hours(24 * 3650)));
    unreported.pop_back();
    EXPECT_TRUE(kept(unreported, kNoon + hours(24 * 3650)));
}

TEST(History, AHeaderTellsOfTheLedgerAndOnlyTrustedTimesRaiseTheFloorAfterIt) {
    const auto later = kNoon + std::chrono::hours(24 * 365);
    const Header header{.count = 7,
                        .host = crypto::sha256(as_bytes("host")),
                        .birth = 1'795'000'000,
                        .memory = 1,
                        .after_loss = true,
                        .policy_serial = 5};
    auto started = start_record(3, later);
    const auto history = replay(
        file_of({header_record(3, header), started, end_record(3, kNoon - std::chrono::hours(1))}));
    ASSERT_OK(history);
    EXPECT_EQ(history->floor(), kNoon);
    EXPECT_EQ(history->count(), 9U);
    EXPECT_EQ(history->records(), 3U);
    ASSERT_TRUE(history->header());
    EXPECT_EQ(history->header()->host, header.host);
    EXPECT_EQ(history->header()->birth, header.birth);
    EXPECT_TRUE(history->header()->after_loss);
    EXPECT_EQ(history->header()->policy_serial, 5U);
    EXPECT_EQ(history->runs()[0].job_key, admission::job_key("maintain", "job-3"))
        << "not what stands in the record";
}

TEST(History, HeadersThatCannotFollowAreRefused) {
    const auto clock = clock_record(1, kNoon);
    const auto with = [&](Header header) { return refusal({clock, header_record(1, header)}); };
    EXPECT_EQ(with({.count = 2}), "accepted");
    EXPECT_THAT(with({.count = 1}), HasSubstr("count of records runs backwards"));
    EXPECT_THAT(with({.count = ~0ULL}), HasSubstr("count of records is out of range"));
    EXPECT_THAT(with({.count = 2, .memory = 3}), HasSubstr("no such state of memory"));
    EXPECT_THAT(with({.count = 2, .birth = -1}), HasSubstr("birth is out of range"));
    EXPECT_THAT(with({.count = 2, .birth = 1LL << 60}), HasSubstr("birth is out of range"));
    EXPECT_THAT(with({.format = 3, .count = 2}), HasSubstr("later version"));
    EXPECT_THAT(refusal({clock_record(5, kNoon), header_record(4, {.count = 2})}),
                HasSubstr("job numbers run backwards"));
    EXPECT_THAT(refusal({clock, header_record(1, {.count = 2}, kNoon - std::chrono::hours(1))}),
                HasSubstr("time runs backwards"));
}

TEST(History, EveryFlippedBitOfAHeaderIsRefused) {
    const auto good = file_of({header_record(1, {.count = 7}), ran_record(1)});
    ASSERT_OK(replay(good));
    for (std::size_t bit = 0; bit < 8 * kRecordBytes; ++bit) {
        auto bad = good;
        bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_FALSE(replay(bad)) << bit;
    }
}

}  // namespace
}  // namespace bulkhead::records
