#include "broker/records/ledger.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "broker/records/trusted_clock.hpp"
#include "tests/broker/records/faults.hpp"
#include "tests/broker/records/samples.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::records {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Much that nobody needs any more, so that the next note_time() rewrites the file.
std::string garbage(std::size_t count = 1030) {
    return file_of(std::vector<Record>(count, clock_record(1, kNoon)));
}

std::uint64_t size_of(const std::string& dir) {
    return std::filesystem::file_size(dir + "/ledger");
}

// As after a restart of the broker. The old one goes first: it holds the lock.
void reopen(Result<Ledger>& ledger, const sys::Dir& dir, UnixTime now = kNoon) {
    ledger = fail("closed");
    ledger = Ledger::open(dir, now);
}

TEST(Ledger, ANewOneIsEmptyAndSaysThatItIsNew) {
    test::TempDir dir;
    const auto ledger = Ledger::open(dir.open(), kNoon);
    ASSERT_OK(ledger);
    EXPECT_TRUE(ledger->opened().created);
    EXPECT_TRUE(ledger->view().runs.empty());
    EXPECT_FALSE(ledger->view().full);
    EXPECT_EQ(ledger->trusted_floor(), kBuiltAfter) << "the time of now may be wrong";
}

TEST(Ledger, RemembersAJobThroughItsLife) {
    test::TempDir dir;
    JobNumber number;
    {
        auto ledger = Ledger::open(dir.open(), kNoon);
        number = ledger->start(sample_start(1)).value();
        EXPECT_EQ(ledger->view().runs.size(), 1U);
        EXPECT_TRUE(ledger->unreported().empty());
        EXPECT_EQ(ledger->open_jobs(), 1U);
        ASSERT_TRUE(ledger->end(number, sample_end(7), kNoon + seconds(5)));
    }
    {
        auto ledger = Ledger::open(dir.open(), kNoon + seconds(9));
        EXPECT_FALSE(ledger->opened().created);
        EXPECT_TRUE(ledger->opened().interrupted.empty());
        ASSERT_EQ(ledger->unreported().size(), 1U);
        const auto job = ledger->unreported().front();
        EXPECT_EQ(job.number, number);
        EXPECT_EQ(job.end.exit_code, 7);
        EXPECT_EQ(job.end.max_rss_bytes, 9'000'000U);
        EXPECT_EQ(job.start.job_id.value.str(), "job-1");
        EXPECT_EQ(job.start.delivery_id.value.str(), "delivery-1");
        EXPECT_EQ(job.start.profile.str(), "maintain");
        EXPECT_EQ(job.start.output_max, 1'048'576U);
        ASSERT_TRUE(ledger->reported(number));
        EXPECT_TRUE(ledger->unreported().empty());
    }
    const auto ledger = Ledger::open(dir.open(), kNoon + seconds(10));
    EXPECT_TRUE(ledger->unreported().empty());
    ASSERT_EQ(ledger->view().runs.size(), 1U);
    EXPECT_EQ(ledger->view().runs[0].manifest, sample_start(1).manifest);
    EXPECT_EQ(ledger->view().runs[0].delivery_digest, sample_start(1).delivery_digest);
}

TEST(Ledger, AJobThatWaitsForTheHostIsNotInterrupted) {
    test::TempDir place;
    const auto dir = place.open();
    JobNumber number;
    {
        auto ledger = Ledger::open(dir, kNoon).value();
        number = ledger.start(sample_start(1)).value();
        ledger.start(sample_start(2)).value();
    }
    auto ledger = Ledger::open(dir, kNoon, std::array{number}).value();
    EXPECT_THAT(ledger.opened().interrupted, ElementsAre(JobNumber{2}));
    const auto waiting = ledger.unended();
    ASSERT_EQ(waiting.size(), 1U);
    EXPECT_EQ(waiting[0].number, number);
    EXPECT_EQ(waiting[0].start.delivery_id.value.str(), "delivery-1");
    EXPECT_TRUE(ledger.end(number, sample_end(), kNoon));
    EXPECT_TRUE(ledger.unended().empty());
}

TEST(Ledger, AJobWithoutAnEndIsInterruptedOnceAndReportedUntilAcknowledged) {
    test::TempDir dir;
    const auto number = Ledger::open(dir.open(), kNoon)->start(sample_start(1)).value();
    {
        const auto ledger = Ledger::open(dir.open(), kNoon);
        EXPECT_THAT(ledger->opened().interrupted, ElementsAre(number));
        ASSERT_EQ(ledger->unreported().size(), 1U);
        EXPECT_EQ(ledger->unreported()[0].end.outcome, protocol::JobOutcome::interrupted);
        EXPECT_EQ(ledger->unreported()[0].end.reason.str(), "interrupted");
    }
    auto ledger = Ledger::open(dir.open(), kNoon);
    EXPECT_TRUE(ledger->opened().interrupted.empty());
    ASSERT_EQ(ledger->unreported().size(), 1U);
    EXPECT_TRUE(ledger->reported(number));
    EXPECT_TRUE(ledger->unreported().empty());
    EXPECT_FALSE(ledger->end(number, sample_end(), kNoon));
}

TEST(Ledger, WhatCannotFollowIsRefusedAndHarmsNothing) {
    test::TempDir dir;
    auto ledger = Ledger::open(dir.open(), kNoon);
    const auto number = ledger->start(sample_start(1)).value();
    EXPECT_FALSE(ledger->reported(number));
    EXPECT_FALSE(ledger->end(JobNumber{99}, sample_end(), kNoon));
    EXPECT_TRUE(ledger->end(number, sample_end(), kNoon));
    EXPECT_FALSE(ledger->end(number, sample_end(), kNoon));
    auto endless = sample_start(2);
    endless.not_after = UnixTime(seconds(1LL << 60));
    EXPECT_FALSE(ledger->start(endless));
    EXPECT_FALSE(ledger->view().full);
    EXPECT_TRUE(ledger->start(sample_start(2)));
}

TEST(Ledger, TwoBrokersCannotShareOne) {
    test::TempDir dir;
    const auto first = Ledger::open(dir.open(), kNoon);
    const auto second = Ledger::open(dir.open(), kNoon);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().what, HasSubstr("another broker"));
}

TEST(Ledger, ItsFileIsForRootAlone) {
    test::TempDir dir;
    const auto ledger = Ledger::open(dir.open(), kNoon);
    struct stat info {};
    ASSERT_EQ(::stat((dir / "ledger").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0600U);
}

TEST(Ledger, ASymlinkInItsPlaceIsRefused) {
    test::Tree tree({{"elsewhere", "x"}});
    tree.link("ledger", "elsewhere");
    EXPECT_FALSE(Ledger::open(tree, kNoon));
}

TEST(Ledger, ACorruptOneLetsNothingStartAndIsLeftAsItIs) {
    auto file = file_of({clock_record(1, kNoon), start_record(1), end_record(1)});
    file[700] ^= 1;
    test::Tree tree({{"ledger", file}});
    const auto ledger = Ledger::open(tree, kNoon);
    ASSERT_FALSE(ledger);
    EXPECT_EQ(ledger.error().what, "ledger: record at byte 512: digest does not match");
    EXPECT_EQ(tree.open().read_file("ledger", 1_MiB).value(), file);
}

TEST(Ledger, OfALaterFormatIsLeftAsItIsAndLetsNothingStart) {
    const Record later{.kind = Kind::header,
                       .number = JobNumber{2},
                       .time = kNoon,
                       .header = {.format = Header::kFormat + 1, .count = 9}};
    const auto file = file_of({clock_record(1, kNoon), start_record(1), later}) + "and what else";
    test::Tree tree({{"ledger", file}});
    const Past past{.mark = Head{7, crypto::sha256(as_bytes("seven"))}};
    auto ledger = Ledger::open(tree, kNoon, {}, past);
    ASSERT_OK(ledger);
    EXPECT_FALSE(ledger->readable());
    EXPECT_THAT(ledger->later(), testing::HasSubstr("written by a later version"));
    EXPECT_FALSE(ledger->make_room());
    EXPECT_FALSE(ledger->start(sample_start(2)));
    EXPECT_TRUE(ledger->view().full);
    EXPECT_TRUE(ledger->opened().interrupted.empty()) << "what ran is not known to have ended";
    EXPECT_FALSE(ledger->note_time(kNoon + std::chrono::hours(1)));
    // The audit log goes on to say what it has seen, or the later version would find a gap.
    EXPECT_EQ(ledger->records(), 7U);
    EXPECT_EQ(ledger->head(), past.mark->hash);
    ASSERT_TRUE(ledger->mark());
    EXPECT_EQ(ledger->mark()->lines, 7U);
    EXPECT_EQ(tree.open().read_file("ledger", 1_MiB).value(), file);
}

TEST(Ledger, OfAnEarlierFormatGetsAHeaderOfThisOneFirst) {
    const Record earlier{.kind = Kind::header,
                         .number = JobNumber{1},
                         .time = kNoon,
                         .header = {.format = Header::kFormat - 1, .count = 1}};
    test::Tree tree({{"ledger", file_of({earlier, clock_record(1, kNoon)})}});
    ASSERT_OK(Ledger::open(tree, kNoon));
    const auto file = tree.open().read_file("ledger", 1_MiB).value();
    ASSERT_EQ(file.size(), 3 * kRecordBytes);
    History history;
    crypto::Digest chain{};
    ASSERT_OK(
        each_record(as_bytes(file), chain, [&](const Record& one) { return history.apply(one); }));
    EXPECT_EQ(history.header()->format, Header::kFormat);
}

TEST(Ledger, ATornEndIsCutOffAndTold) {
    const auto file = file_of({clock_record(1, kNoon), start_record(1), end_record(1)});
    test::Tree tree({{"ledger", file + file.substr(0, 77)}});
    const auto ledger = Ledger::open(tree, kNoon);
    ASSERT_OK(ledger);
    EXPECT_EQ(ledger->opened().torn_bytes, 77U);
    const auto left = tree.open().read_file("ledger", 1_MiB).value();
    EXPECT_TRUE(left.starts_with(file));
    EXPECT_EQ(left.size(), file.size() + kRecordBytes) << "and a header was added";
}

TEST(Ledger, ATornEndThatCannotBeCutOffForGoodIsAnError) {
    const auto file = file_of({clock_record(1, kNoon), start_record(1), end_record(1)});
    for (const std::size_t nth : {0U, 1U}) {
        test::Tree tree({{"ledger", file + file.substr(0, 77)}});
        const test::Armed fault(nth, test::Fate::fails, EIO);
        const auto ledger = Ledger::open(tree, kNoon);
        ASSERT_FALSE(ledger) << nth;
        EXPECT_EQ(ledger.error().code, EIO);
        EXPECT_EQ(fault.effects(), std::string("ts").substr(0, nth + 1));
    }
}

// --- the clock

TEST(Ledger, TheTimeIsNotedAtMostEveryTenMinutes) {
    test::TempDir dir;
    auto ledger = Ledger::open(dir.open(), kNoon);
    ASSERT_TRUE(ledger->note_time(kNoon));
    const auto before = size_of(dir.path());
    ASSERT_TRUE(ledger->note_time(kNoon + minutes(10) - seconds(1)));
    EXPECT_EQ(size_of(dir.path()), before);
    EXPECT_EQ(ledger->trusted_floor(), kNoon);
    ASSERT_TRUE(ledger->note_time(kNoon + minutes(10)));
    EXPECT_EQ(size_of(dir.path()), before + kRecordBytes);
    EXPECT_EQ(ledger->trusted_floor(), kNoon + minutes(10));
}

TEST(Ledger, AClockTurnedBackIsRecordedAsTheFloor) {
    test::TempDir dir;
    auto ledger = Ledger::open(dir.open(), kNoon);
    ASSERT_TRUE(ledger->note_time(kNoon));
    const auto early = kNoon - hours(24 * 365);
    const auto number = ledger->start(sample_start(1, early, hours(24 * 400))).value();
    EXPECT_EQ(ledger->view().runs[0].started, kNoon);
    ASSERT_TRUE(ledger->end(number, sample_end(), early));
    ASSERT_TRUE(ledger->note_time(early));
    EXPECT_EQ(ledger->trusted_floor(), kNoon);
}

// For any run and any jump: as long as the later of clock and floor has not passed the approval's
// end, or a day has not passed since the start, the run is remembered, also after rewriting.
TEST(Ledger, NoJumpOfTheClockMakesALiveApprovalForgotten) {
    const test::NoSync quick;
    const std::vector<seconds> sizes{seconds(1),  seconds(59),      minutes(10),
                                     hours(1),    hours(24),        hours(24 * 30),
                                     hours(8766), hours(8766 * 10), hours(8766 * 50)};
    std::vector<seconds> jumps;
    for (const auto size : sizes) jumps.insert(jumps.end(), {size, -size});
    const auto base = garbage();
    for (const auto first : jumps) {
        const std::vector<seconds> others{-first, seconds(1), -hours(24), hours(24 * 8),
                                          -hours(8766 * 50)};
        for (const auto second : others) {
            test::Tree tree({{"ledger", base}});
            auto ledger = Ledger::open(tree, kNoon);
            auto now = kNoon;
            auto floor = ledger->trusted_floor();
            std::vector<admission::PastRun> runs;
            for (const auto jump : {seconds(0), first, second, seconds(1)}) {
                now = std::max(now + jump, UnixTime{});
                const auto start = sample_start(runs.size(), std::max(now, floor), hours(36));
                const auto number = ledger->start(start);
                ASSERT_OK(number);
                runs.push_back(start);
                ASSERT_TRUE(ledger->end(*number, sample_end(), now));
                ASSERT_TRUE(ledger->reported(*number));
                ASSERT_TRUE(ledger->note_time(now));
                ASSERT_GE(ledger->trusted_floor(), floor);
                floor = ledger->trusted_floor();
                for (const auto& run : runs) {
                    const auto at = std::max(now, floor);
                    if (at > run.not_after && at > run.started + hours(24)) continue;
                    ASSERT_TRUE(std::ranges::any_of(ledger->view().runs, [&](const auto& known) {
                        return known.manifest == run.manifest && known.started == run.started;
                    }));
                }
            }
        }
    }
}

// --- size

TEST(Ledger, RewritingDropsWhatIsExpiredAndKeepsTheRest) {
    const auto later = kNoon + hours(25);
    std::vector<Record> records(1030, clock_record(1, kNoon));
    for (std::uint64_t n = 1; n <= 3; ++n) {
        records.push_back(start_record(n));
        if (n != 2) records.back().start.not_after = kNoon;  // as 0.1 had repeatable jobs
        records.push_back(end_record(n));
        if (n != 3) records.push_back(reported_record(n));
    }
    records.push_back(clock_record(4, later));
    test::Tree tree({{"ledger", file_of(records)}});
    auto ledger = Ledger::open(tree, kNoon);
    for (int round = 0; round < 2; ++round) {
        ASSERT_OK(ledger);
        ASSERT_EQ(ledger->view().runs.size(), 2U);
        EXPECT_EQ(ledger->view().runs[0].manifest, sample_start(2).manifest);
        EXPECT_EQ(ledger->view().runs[1].manifest, sample_start(3).manifest);
        ASSERT_EQ(ledger->unreported().size(), 1U);
        EXPECT_EQ(ledger->unreported()[0].number, JobNumber{3});
        EXPECT_EQ(ledger->trusted_floor(), later);
        EXPECT_EQ(size_of(tree.path()), 5 * kRecordBytes) << "header, 2, 3 and its end, clock";
        reopen(ledger, tree);
    }
    EXPECT_EQ(ledger->start(sample_start(4, later)), JobNumber{4});
    EXPECT_TRUE(ledger->reported(JobNumber{3}));
}

TEST(Ledger, NumbersGoOnEvenWhenEveryRunIsForgotten) {
    std::vector<Record> records{clock_record(1, kNoon), start_record(1), end_record(1),
                                reported_record(1)};
    records.resize(1100, clock_record(2, kNoon + hours(24 * 7) + kHorizon + seconds(1)));
    test::Tree tree({{"ledger", file_of(records)}});
    auto ledger = Ledger::open(tree, kNoon);
    EXPECT_TRUE(ledger->view().runs.empty());
    EXPECT_EQ(size_of(tree.path()), 2 * kRecordBytes);
    EXPECT_EQ(ledger->records(), 1103U) << "counts what was dropped";
    reopen(ledger, tree);
    EXPECT_EQ(ledger->start(sample_start(2)), JobNumber{2});
}

TEST(Ledger, AFullOneStartsNothingAndStillTakesEnds) {
    const test::NoSync quick;
    std::vector<Record> records{clock_record(1, kNoon)};
    const std::size_t limit = kMaxRecords - Ledger::kMuchGarbage;
    const std::uint64_t runs = limit - 8;  // there is room for two more
    for (std::uint64_t n = 1; n <= runs; ++n) records.push_back(ran_record(n));
    test::Tree tree({{"ledger", file_of(records)}});
    auto ledger = Ledger::open(tree, kNoon);
    ASSERT_OK(ledger);
    std::vector<JobNumber> running;
    for (std::uint64_t n = runs + 1; n <= runs + 2; ++n) {
        EXPECT_FALSE(ledger->view().full);
        const auto number = ledger->start(sample_start(n));
        ASSERT_OK(number);
        running.push_back(*number);
    }
    EXPECT_TRUE(ledger->view().full);
    EXPECT_FALSE(ledger->start(sample_start(runs + 3)));
    EXPECT_TRUE(ledger->note_time(kNoon + hours(1)));
    for (const auto number : running) {
        EXPECT_TRUE(ledger->end(number, sample_end(), kNoon));
        EXPECT_TRUE(ledger->reported(number));
    }
    reopen(ledger, tree);
    EXPECT_EQ(ledger->view().runs.size(), runs + 2);
    EXPECT_EQ(ledger->trusted_floor(), kNoon + hours(1));
    // What is over takes one place: there is room for one more, which the rewritten file has.
    EXPECT_FALSE(ledger->view().full);
    EXPECT_EQ(ledger->start(sample_start(runs + 3)), JobNumber{runs + 3});
    EXPECT_TRUE(ledger->view().full);
    // A full one must notice that time goes by, or it stays full.
    const auto later = kNoon + hours(24 * 8) + kHorizon;
    EXPECT_TRUE(ledger->note_time(later));
    EXPECT_FALSE(ledger->view().full);
    EXPECT_EQ(ledger->view().runs.size(), 1U);
    EXPECT_EQ(ledger->start(sample_start(1, later)), JobNumber{runs + 4});
}

// Nothing can be forgotten and nothing can start; the clock still counts, in bounded room.
TEST(Ledger, AFullOneStaysWithinItsBoundHoweverLongItStays) {
    const test::NoSync quick;
    std::vector<Record> records{clock_record(1, kNoon)};
    const std::uint64_t runs = kMaxRecords - Ledger::kMuchGarbage - 4;
    for (std::uint64_t n = 1; n <= runs; ++n) records.push_back(ran_record(n));
    test::Tree tree({{"ledger", file_of(records)}});
    auto ledger = Ledger::open(tree, kNoon);
    EXPECT_TRUE(ledger->view().full);
    auto now = kNoon;
    for (int i = 0; i < 70; ++i) {
        now += minutes(10);
        ASSERT_TRUE(ledger->note_time(now));
        ASSERT_LE(size_of(tree.path()), (records.size() + 64) * kRecordBytes);
    }
    EXPECT_EQ(ledger->trusted_floor(), now);
    EXPECT_EQ(ledger->view().runs.size(), runs);
    EXPECT_TRUE(ledger->view().full);
}

TEST(Ledger, AFileAtItsBoundIsRewrittenBeforeItGrows) {
    const test::NoSync quick;
    const std::vector<Record> records(kMaxRecords, clock_record(1, kNoon));
    test::Tree tree({{"ledger", file_of(records)}});
    const test::Armed watch;
    auto ledger = Ledger::open(tree, kNoon + hours(1));
    ASSERT_OK(ledger);
    EXPECT_EQ(watch.effects(), "awswsrs") << "its header, then the new file";
    EXPECT_EQ(size_of(tree.path()), 2 * kRecordBytes);
    EXPECT_FALSE(ledger->view().full);
}

// The worst that a backend can do within what was approved: a thousand starts an hour, for days.
TEST(Ledger, OneShotJobsAlwaysStartBesideOneThatRepeatsAThousandTimesAnHour) {
    const test::NoSync quick;
    test::TempDir dir;
    auto ledger = Ledger::open(dir.open(), kNoon).value();
    std::uint64_t n = 0;
    std::size_t most = 0;
    const auto run = [&](Start start) {
        const auto number = ledger.start(start);
        ASSERT_OK(number);
        ASSERT_TRUE(ledger.end(*number, sample_end(), start.started));
        ASSERT_TRUE(ledger.reported(*number));
    };
    for (auto now = kNoon; now < kNoon + hours(48); now += minutes(10)) {
        ASSERT_TRUE(ledger.note_time(now));
        for (int i = 0; i < 166; ++i) {
            auto start = sample_start(++n, now, seconds(0));
            start.period = 3600;
            run(start);
        }
        ASSERT_FALSE(ledger.view().full_for_repeatable);
        ASSERT_FALSE(ledger.view().full);
        run(sample_start(++n, now));
        most = std::max(most, ledger.view().runs.size());
    }
    EXPECT_LT(most, 4000U);
}

TEST(Ledger, RepeatableJobsHaveAShareAndOneShotJobsTheRest) {
    const test::NoSync quick;
    std::vector<Record> records{clock_record(1, kNoon)};
    for (std::uint64_t n = 1; n < kMaxRepeatable; ++n) records.push_back(repeated_record(n));
    test::Tree tree({{"ledger", file_of(records)}});
    auto ledger = Ledger::open(tree, kNoon);
    ASSERT_OK(ledger);
    EXPECT_FALSE(ledger->view().full_for_repeatable);
    auto last = sample_start(kMaxRepeatable, kNoon, seconds(0));
    last.period = 3600;
    ASSERT_TRUE(ledger->start(last));
    EXPECT_TRUE(ledger->view().full_for_repeatable);
    EXPECT_FALSE(ledger->view().full);
    for (std::uint64_t n = 1; n <= 20; ++n) {
        const auto number = ledger->start(sample_start(100'000 + n));
        ASSERT_OK(number);
        ASSERT_TRUE(ledger->end(*number, sample_end(), kNoon));
        ASSERT_TRUE(ledger->reported(*number));
    }
    // What the quota no longer asks for makes room again.
    ASSERT_TRUE(ledger->note_time(kNoon + hours(1) + seconds(1)));
    EXPECT_FALSE(ledger->view().full_for_repeatable);
}

// 0.1's file kept a one-shot job for as long as its approval: signed again under the same id, it
// ran again.
TEST(Ledger, AOneShotJobIsRememberedLongAfterItsApprovalEndedWhateverIsRewritten) {
    const test::NoSync quick;
    test::TempDir dir;
    auto ledger = Ledger::open(dir.open(), kNoon);
    const auto number = ledger->start(sample_start(1, kNoon, hours(1))).value();
    ASSERT_TRUE(ledger->end(number, sample_end(), kNoon));
    ASSERT_TRUE(ledger->reported(number));
    const auto known = [&] {
        const auto key = admission::job_key("maintain", "job-1");
        return std::ranges::any_of(ledger->view().runs,
                                   [&](const auto& run) { return run.job_key == key; });
    };
    for (auto now = kNoon; now <= kNoon + kHorizon; now += hours(5)) {
        ASSERT_TRUE(ledger->note_time(now));
        ASSERT_TRUE(known()) << format_utc(now);
    }
    reopen(ledger, dir.open());
    EXPECT_TRUE(known());
    EXPECT_LT(size_of(dir.path()), kMaxRecords * kRecordBytes / 16) << "was rewritten";
    ASSERT_TRUE(ledger->note_time(kNoon + kHorizon + hours(2)));
    for (int i = 0; i < 1100; ++i) {
        ASSERT_TRUE(ledger->note_time(kNoon + kHorizon + hours(3 + i)));
    }
    EXPECT_FALSE(known());
}

// --- disks that fail

TEST(Ledger, StartReturnsOnlyAfterTheRecordIsForcedToDisk) {
    test::TempDir dir;
    auto ledger = Result<Ledger>(fail("not yet"));
    const auto effects_of = [](auto act) {
        const test::Armed watch;
        EXPECT_TRUE(act());
        return watch.effects();
    };
    JobNumber number;
    // The first file: written, forced, renamed, its name forced.
    EXPECT_EQ(effects_of([&] { return (ledger = Ledger::open(dir.open(), kNoon)).has_value(); }),
              "wsrs");
    EXPECT_EQ(effects_of([&] {
                  const auto started = ledger->start(sample_start(1));
                  if (started) number = *started;
                  return started.has_value();
              }),
              "aws");
    EXPECT_EQ(effects_of([&] { return ledger->end(number, sample_end(), kNoon); }), "ws");
    EXPECT_EQ(effects_of([&] { return ledger->reported(number); }), "ws");
}

TEST(Ledger, WhatIsMadeMeanwhileIsMadeWhenTheRecordIsWritten) {
    test::TempDir dir;
    auto ledger = Ledger::open(dir.open(), kNoon);
    std::string before;
    JobNumber number;
    const test::Armed normal;
    const auto started = ledger->start(sample_start(1), [&](JobNumber given) {
        before = normal.effects();
        number = given;
    });
    ASSERT_OK(started);
    EXPECT_EQ(number, *started);
    EXPECT_EQ(before, "aw");
    EXPECT_EQ(normal.effects(), "aws");
}

TEST(Ledger, AFailedWriteOrFsyncLetsNothingStartEverAfter) {
    for (const std::size_t nth : {1U, 2U}) {  // the write, the fsync
        test::TempDir dir;
        auto ledger = Ledger::open(dir.open(), kNoon);
        const auto running = ledger->start(sample_start(1)).value();
        {
            const test::Armed fault(nth, test::Fate::fails, EIO);
            const auto refused = ledger->start(sample_start(2));
            ASSERT_FALSE(refused);
            EXPECT_THAT(refused.error().what, HasSubstr("nothing starts any more"));
        }
        EXPECT_TRUE(ledger->view().full);
        EXPECT_FALSE(ledger->start(sample_start(3)));
        EXPECT_FALSE(ledger->end(running, sample_end(), kNoon));
        EXPECT_FALSE(ledger->note_time(kNoon + hours(1)));
        reopen(ledger, dir.open());
        ASSERT_OK(ledger);
        EXPECT_FALSE(ledger->view().full);
        EXPECT_EQ(ledger->view().runs.size(), nth == 1 ? 1U : 2U);
        EXPECT_EQ(ledger->opened().interrupted.size(), nth == 1 ? 1U : 2U);
    }
}

// With a header one clock record short of a rewrite, and a job that has ended.
std::string before_a_rewrite() {
    std::vector<Record> records(Ledger::kMuchGarbage, clock_record(1, kNoon));
    records.insert(records.end(), {start_record(1), end_record(1)});
    return file_of(records);
}

TEST(Ledger, AFailedRewriteLeavesTheOldFileInUse) {
    const auto old = before_a_rewrite();
    for (std::size_t nth = 3; nth < 6; ++nth) {  // write, fsync, rename of the new file
        test::Tree tree({{"ledger", old}});
        const auto later = kNoon + hours(1);
        auto ledger = Ledger::open(tree, kNoon);
        ASSERT_OK(ledger);
        {
            const test::Armed fault(nth, test::Fate::fails, ENOSPC);
            EXPECT_FALSE(ledger->note_time(later));
            EXPECT_EQ(fault.effects(), std::string("awswsr").substr(0, nth + 1));
        }
        EXPECT_EQ(size_of(tree.path()), old.size() + 2 * kRecordBytes);
        EXPECT_FALSE(ledger->view().full);
        EXPECT_EQ(ledger->start(sample_start(2)), JobNumber{2});
        EXPECT_TRUE(ledger->reported(JobNumber{1}));
        {
            const test::Armed watch;
            EXPECT_TRUE(ledger->note_time(later));
            EXPECT_EQ(watch.effects(), "wsrs");
        }
        EXPECT_EQ(size_of(tree.path()), 4 * kRecordBytes);
        EXPECT_EQ(ledger->view().runs.size(), 2U);
        EXPECT_EQ(ledger->start(sample_start(3)), JobNumber{3});
        reopen(ledger, tree, later);
        EXPECT_EQ(ledger->view().runs.size(), 3U);
    }
}

TEST(Ledger, ARewriteWhoseNameIsNotForcedToDiskLetsNothingStart) {
    test::Tree tree({{"ledger", before_a_rewrite()}});
    auto ledger = Ledger::open(tree, kNoon);
    const test::Armed fault(6, test::Fate::fails, EIO);
    EXPECT_FALSE(ledger->note_time(kNoon + hours(1)));
    EXPECT_EQ(fault.effects(), "awswsrs");
    EXPECT_TRUE(ledger->view().full);
    EXPECT_FALSE(ledger->start(sample_start(2)));
}

void fill_disk(const std::string& path) {
    sys::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const std::string block(4096, 'x');
    while (::syscall(SYS_write, fd.get(), block.data(), block.size()) > 0) {
    }
}

// Needs root, for a small disk of its own.
TEST(Ledger, AFullDiskRefusesStartsAndStillTakesTheEndsOfWhatRuns) {
    if (::geteuid() != 0) GTEST_SKIP() << "mounts a small disk: needs root";
    test::TempDir dir;
    const auto told = test::with_small_disk(dir.path(), 128, [&](const test::Say& say) {
        auto ledger = Ledger::open(dir.open(), kNoon);
        if (!ledger) return say(ledger.error().what);
        std::vector<JobNumber> running;
        for (std::uint64_t n = 1; n <= 20; ++n)
            running.push_back(ledger->start(sample_start(n)).value());
        fill_disk(dir / "filler");
        Result<JobNumber> last = fail("");
        while ((last = ledger->start(sample_start(running.size())))) running.push_back(*last);
        say(last.error().what + "; ");
        for (const auto number : running) {
            if (!ledger->end(number, sample_end(), kNoon)) say("an end was refused; ");
            if (!ledger->reported(number)) say("a report was refused; ");
        }
        ::unlink((dir / "filler").c_str());
        say(ledger->start(sample_start(99)) ? "starts again; " : "does not start; ");
        const auto runs = ledger->view().runs.size();
        reopen(ledger, dir.open());
        say(ledger && ledger->view().runs.size() == runs ? "reads back" : "does not read back");
    });
    EXPECT_EQ(told.text,
              "ledger: no room on disk: No space left on device; starts again; reads back");
}

}  // namespace
}  // namespace bulkhead::records
