// Kills a broker-like child at every effect of many histories, and holds what the ledger says
// afterwards against what it had promised before.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <sstream>

#include "broker/records/ledger.hpp"
#include "tests/broker/records/faults.hpp"
#include "tests/broker/records/samples.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::records {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using test::Fate;

// What a broker does in its life, saying each step before and after. The history depends on the
// seed alone; time jumps both ways.
void live(const sys::Dir& dir, unsigned seed, int steps, const test::Say& say) {
    std::mt19937 random(seed);
    auto now = kNoon;
    auto ledger = Ledger::open(dir, now);
    if (!ledger) return say("open failed: " + ledger.error().what);
    std::vector<JobNumber> running;
    std::vector<JobNumber> ended;
    const auto step = [&](const std::string& what, std::uint64_t n, auto act) {
        say(what + " " + std::to_string(n) + "\n");
        if (act()) say("ok " + std::to_string(n) + "\n");
        // What the audit log would have by now.
        const auto mark = ledger->mark();
        if (mark) {
            say("mark " + std::to_string(mark->lines) + "\nhead " + crypto::hex(mark->hash) + "\n");
        }
    };
    const auto take = [&](std::vector<JobNumber>& from) {
        const auto at = from.begin() + static_cast<long>(random() % from.size());
        const auto number = *at;
        from.erase(at);
        return number;
    };
    for (int i = 0; i < steps; ++i) {
        now += seconds(static_cast<long>(random() % 7200) - 1200);
        const auto choice = random() % 8;
        if (choice < 3) {
            const auto manifest = seed * 1000ULL + static_cast<std::uint64_t>(i);
            say("start " + std::to_string(manifest) + "\n");
            const auto number =
                ledger->start(sample_start(manifest, now, hours(1 + random() % 40)));
            if (number) say("number " + std::to_string(number->value) + "\n");
            if (number) running.push_back(*number);
        } else if (choice < 5 && !running.empty()) {
            const auto number = take(running);
            step("end", number.value, [&] {
                const auto exit_code = static_cast<std::uint8_t>(number.value % 200);
                return ledger->end(number, sample_end(exit_code), now).has_value();
            });
            ended.push_back(number);
        } else if (choice < 7 && !ended.empty()) {
            const auto number = take(ended);
            step("report", number.value, [&] { return ledger->reported(number).has_value(); });
        } else if (i % 5 == 0) {
            step("accept", 1, [&] { return ledger->accept_loss().has_value(); });
        } else if (i % 5 == 1) {
            step("birth", 1, [&] {
                return ledger->settle_birth({now, sys::read_clocks().up}).has_value();
            });
        } else {
            step("time", static_cast<std::uint64_t>(now.time_since_epoch().count()),
                 [&] { return ledger->note_time(now).has_value(); });
        }
    }
    say("lived");
}

// What the child said, read back.
struct Promises {
    struct Job {
        std::uint64_t manifest = 0;
        bool end_tried = false, end_ok = false, report_tried = false, report_ok = false;
    };
    std::map<std::uint64_t, Job> jobs;  // by number; only those whose start() had returned
    std::optional<std::uint64_t> start_in_flight;  // the manifest of a start() that did not return
    std::optional<Head> mark;                      // the last that was said

    explicit Promises(const std::string& text) {
        std::istringstream in(text);
        std::string what;
        std::string last;
        std::uint64_t n = 0;
        while (in >> what) {
            if (what == "head") {
                std::string hash;
                in >> hash;
                const auto digest = crypto::parse_digest(hash);
                if (digest) mark = Head{n, *digest};
                continue;
            }
            if (!(in >> n)) break;
            if (what == "mark") continue;
            if (what == "start") start_in_flight = n;
            if (what == "number") {
                jobs[n].manifest = *start_in_flight;
                start_in_flight.reset();
            }
            if (what == "end") jobs[n].end_tried = true;
            if (what == "report") jobs[n].report_tried = true;
            if (what == "ok" && last == "end") jobs[n].end_ok = true;
            if (what == "ok" && last == "report") jobs[n].report_ok = true;
            last = what;
        }
    }
};

void expect_kept(const Promises& said, const sys::Dir& dir) {
    std::uint64_t highest = 0;
    for (const bool again : {false, true}) {
        // It may be ahead of the audit log, and is never behind it.
        auto ledger = Ledger::open(dir, kNoon, {}, Past{.trace = "audit.log", .mark = said.mark});
        ASSERT_OK(ledger);
        if (said.mark) {
            ASSERT_EQ(ledger->memory(), admission::Memory::whole) << ledger->opened().lacking;
            ASSERT_GE(ledger->records(), said.mark->lines);
        }
        if (again) {
            EXPECT_TRUE(ledger->opened().interrupted.empty());
        }
        if (again) {
            EXPECT_EQ(ledger->opened().torn_bytes, 0U);
        }
        std::map<std::uint64_t, Unreported> open;
        for (const auto& job : ledger->unreported()) open.emplace(job.number.value, job);
        // Nothing runs after open(): whatever is open has its end.
        EXPECT_EQ(open.size(), ledger->open_jobs());

        std::size_t known = 0;
        for (const auto& [number, job] : said.jobs) {
            highest = std::max(highest, number);
            const auto digest = sample_start(job.manifest).manifest;
            const auto run = std::ranges::find_if(
                ledger->view().runs, [&](const auto& past) { return past.manifest == digest; });
            const bool there = run != ledger->view().runs.end();
            known += there ? 1 : 0;
            if (!job.report_tried) {
                ASSERT_TRUE(there) << "run " << number << " is forgotten";
                ASSERT_TRUE(open.contains(number)) << "the end of " << number << " is not reported";
                const auto& end = open.at(number).end;
                if (!job.end_tried) {
                    EXPECT_EQ(end.outcome, protocol::JobOutcome::interrupted);
                }
                if (job.end_ok) {
                    EXPECT_EQ(end.outcome, protocol::JobOutcome::finished);
                    EXPECT_EQ(end.exit_code, number % 200);
                }
            }
            if (job.report_ok) {
                EXPECT_FALSE(open.contains(number)) << number << " reported again";
            }
        }
        // No run that nobody asked for, and the one in flight at most once.
        EXPECT_LE(ledger->view().runs.size(), known + (said.start_in_flight ? 1 : 0));
    }
    auto ledger = Ledger::open(dir, kNoon);
    const auto next = ledger->start(sample_start(424242));
    ASSERT_OK(next);
    EXPECT_GT(next->value, highest) << "a number was given twice";
}

class LedgerCrash : public ::testing::Test {
  protected:
    // Kills the life at each of its effects, in each manner.
    void kill_everywhere(const std::string& before, unsigned seed, int steps) {
        for (const auto fate : {Fate::killed_before, Fate::killed_halfway, Fate::killed_after}) {
            for (std::size_t nth = 0;; ++nth) {
                SCOPED_TRACE("seed " + std::to_string(seed) + " effect " + std::to_string(nth));
                const test::NoSync quick;  // kill -9 leaves the page cache alone
                test::TempDir temp;
                const auto dir = temp.open();
                if (!before.empty()) {
                    ASSERT_TRUE(dir.write_atomic("ledger", before, 0600));
                }
                const auto told = test::in_child([&](const test::Say& say) {
                    const test::Armed fault(nth, fate);
                    live(dir, seed, steps, say);
                });
                expect_kept(Promises(told.text), dir);
                ++kills;
                if (HasFatalFailure()) return;
                if (told.text.ends_with("lived")) {
                    // So that the kills meant for a rewrite did fall on one.
                    if (!before.empty()) {
                        EXPECT_LT(dir.read_file("ledger", 1_MiB)->size(), 256_KiB);
                    }
                    break;
                }
                ASSERT_TRUE(told.killed()) << told.text;
            }
        }
    }
    std::size_t kills = 0;
};

TEST_F(LedgerCrash, AtEveryEffectOfManyHistoriesEveryPromiseIsKept) {
    for (unsigned seed = 1; seed <= 8; ++seed) {
        kill_everywhere("", seed, 25);
        if (HasFatalFailure()) return;
    }
    EXPECT_GT(kills, 700U);
    RecordProperty("kills", static_cast<int>(kills));
}

// The file is about to be rewritten: the kills fall on the new file, its name, and around.
TEST_F(LedgerCrash, AtEveryEffectOfARewriteEveryPromiseIsKept) {
    const auto old = file_of(std::vector<Record>(1023, clock_record(1, kNoon - hours(9))));
    kill_everywhere(old, 101, 12);
}

// As power loss leaves it: of what was not forced to disk any part may be missing. After each call
// the file is remembered; then every length of it in bytes is tried.
TEST_F(LedgerCrash, AtEveryLengthOfTheFileEveryForcedRecordIsThere) {
    const test::NoSync quick;
    test::TempDir temp;
    struct Promise {
        std::size_t size;
        crypto::Digest manifest;
    };
    std::vector<Promise> promises;
    std::string file;
    {
        const auto dir = temp.open();
        auto ledger = Ledger::open(dir, kNoon);
        for (std::uint64_t n = 1; n <= 8; ++n) {
            const auto number = ledger->start(sample_start(n));
            promises.push_back({dir.read_file("ledger", 1_MiB)->size(), sample_start(n).manifest});
            if (n % 2 == 0) {
                ASSERT_TRUE(ledger->end(*number, sample_end(), kNoon));
            }
            if (n % 4 == 0) {
                ASSERT_TRUE(ledger->reported(*number));
            }
        }
        file = dir.read_file("ledger", 1_MiB).value();
    }
    const auto expect_promised = [&](const auto& runs, std::size_t length) {
        for (const auto& promise : promises) {
            if (promise.size > length) continue;
            ASSERT_TRUE(std::ranges::any_of(runs, [&](const auto& run) {
                return run.manifest == promise.manifest;
            })) << length;
        }
    };
    for (std::size_t length = kRecordBytes; length <= file.size(); ++length) {
        const auto left = file.substr(0, length);
        const auto history = replay(left);
        ASSERT_OK(history) << length;
        expect_promised(history->runs(), length);
        if (length % 64 != 1) continue;
        test::TempDir after;
        ASSERT_TRUE(after.open().write_atomic("ledger", left, 0600));
        const auto ledger = Ledger::open(after.open(), kNoon);
        ASSERT_OK(ledger) << length;
        EXPECT_EQ(ledger->opened().torn_bytes, length % kRecordBytes);
        expect_promised(ledger->view().runs, length);
    }
}

// No chosen places: real SIGKILL from outside, real fsync, whenever it falls.
TEST_F(LedgerCrash, KilledFromOutsideAtAnyMomentEveryPromiseIsKept) {
    std::mt19937 random(7);
    for (unsigned round = 0; round < 60; ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        test::TempDir temp;
        const auto dir = temp.open();
        const auto delay = std::chrono::microseconds(random() % 30000);
        const auto told = test::killed_after(
            delay, [&](const test::Say& say) { live(dir, 1000 + round, 100000, say); });
        ASSERT_TRUE(told.killed()) << told.text;
        expect_kept(Promises(told.text), dir);
        if (HasFatalFailure()) return;
    }
}

}  // namespace
}  // namespace bulkhead::records
