// No sequence of clock jumps, resets, rewrites, restarts, losses and births runs a one-shot job
// twice, nor a repeatable one more often than its quota says: ledger and admit() together, beside a
// model that remembers all runs. See the head of ledger.hpp.
#include <gmock/gmock.h>

#include <random>

#include "broker/records/ledger.hpp"
#include "tests/broker/records/samples.hpp"
#include "tests/common/admission/situation.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::records {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// A host with its ledger, whose clock shows what the test says.
class Host {
  public:
    UnixTime real = utc("2026-11-24T09:00:00Z");
    seconds ahead{};  // of the host's clock
    Grade grade = Grade::unsure;
    std::optional<Ledger> ledger;

    UnixTime shown() const { return real + ahead; }
    sys::TwoClocks clocks() const { return {shown(), sys::read_clocks().up + (real - began_)}; }

    // As a broker does it.
    void start(const std::optional<Past>& past = {}) {
        ledger.reset();
        auto opened = Ledger::open(dir_.open(), shown(), {}, past);
        ASSERT_OK(opened);
        ledger = *std::move(opened);
        began_ = real;
        look();
    }
    void look() {
        ASSERT_TRUE(ledger->note_time(shown(), grade));
        if (grade < Grade::held) return;
        ASSERT_TRUE(ledger->settle_birth(clocks()));
    }
    // As long as it takes until the file is written anew.
    void pass_until_rewritten() {
        for (std::size_t i = 0; i < Ledger::kMuchGarbage + 2; ++i) {
            real += Ledger::kClockEvery;
            look();
        }
    }
    void set_clock(UnixTime time, Grade of) {
        ahead = time - real;
        grade = of;
        look();
    }
    void reset(bool i_know) {
        ASSERT_TRUE(ledger->reset_floor(shown(), i_know));
        began_ = real;
    }
    void lose_and_accept() {
        const Past past{.trace = "audit.log", .mark = ledger->mark()};
        ASSERT_TRUE(dir_.open().remove_file("ledger"));
        start(past);
        ASSERT_EQ(ledger->memory(), admission::Memory::lost);
        ASSERT_TRUE(ledger->accept_loss());
        began_ = real;
    }
    // So many starts that an unsure clock makes them old, too.
    void crowd() {
        add(kCrowded + 1, [](JobNumber next) {
            auto record = repeated_record(next.value, kBuiltAfter);
            record.start.manifest = crypto::sha256({});
            return record;
        });
    }
    // So much that nobody needs that the file is written anew.
    void litter() {
        const auto floor = ledger->trusted_floor();
        add(Ledger::kMuchGarbage + 2,
            [&](JobNumber next) { return clock_record(next.value, floor); });
    }

    std::string ask(const test::Situation& job) {
        const auto delivery = crypto::sha256(as_bytes("delivery " + std::to_string(++asked_)));
        admission::JobBytes bytes{.script = job.script, .params = job.params};
        bytes.delivery_digest = delivery;
        const auto view = ledger->view(clocks());
        const auto verdict = admission::admit(bytes, job.policy, job.facts, view, shown());
        if (!verdict.admitted) return std::string(test::code(verdict));
        const auto& manifest = *verdict.manifest;
        auto start = sample_start(asked_, shown());
        start.manifest = manifest.digest;
        start.delivery_digest = delivery;
        start.job_key = admission::job_key(manifest.profile, manifest.job_id.value);
        start.job_id.value = protocol::Name::clipped(manifest.job_id.value);
        start.profile = protocol::Name::clipped(manifest.profile);
        start.period = static_cast<std::uint32_t>(manifest.runs.period.count());
        start.not_after = manifest.runs.once()
                              ? std::max(manifest.not_after, start.started + seconds(1))
                              : start.started;
        const auto number = ledger->start(start);
        if (!number) return number.error().what;
        const bool ended = ledger->end(*number, sample_end(), shown()).has_value();
        return ended && ledger->reported(*number) ? "ran" : "failed";
    }

  private:
    // Appends records to the file and starts with that.
    void add(std::size_t count, const std::function<Record(JobNumber)>& make) {
        auto text = dir_.open().read_file("ledger", 64U << 20).value();
        crypto::Digest chain{};
        JobNumber next{1};
        const auto is_start = [](Kind kind) { return kind == Kind::started || kind == Kind::ran; };
        ASSERT_OK(each_record(as_bytes(text), chain, [&](const Record& record) -> Result<> {
            next = std::max(next, JobNumber{record.number.value + (is_start(record.kind) ? 1 : 0)});
            return {};
        }));
        for (std::size_t i = 0; i < count; ++i) {
            const auto record = make(next);
            if (is_start(record.kind)) ++next.value;
            text += as_text(encode(record, chain));
        }
        ASSERT_TRUE(dir_.open().write_atomic("ledger", text, 0600));
        start();
    }

    test::TempDir dir_;
    UnixTime began_{};
    std::uint64_t asked_ = 0;
};

// A pinned job for which policy asks as little as it can.
test::Situation job(const std::string& name, UnixTime from, UnixTime until,
                    approval::Runs runs = {}) {
    test::Situation job;
    job.job.job_id.value = name;
    job.job.not_before = from;
    job.job.not_after = until;
    job.job.runs = runs;
    job.policy.approvals["maintain"].before_birth = policy::ApprovalRule::BeforeBirth::admit;
    job.pin(name);
    return job;
}

TEST(Once, ARewriteUnderAClockThatRanAheadTwice) {
    Host host;
    host.start();
    host.set_clock(host.real, Grade::trusted);
    const auto one = job("one", utc("2026-12-10T00:00:00Z"), utc("2026-12-31T00:00:00Z"));
    host.set_clock(utc("2026-12-15T00:00:00Z"), Grade::unsure);
    ASSERT_EQ(host.ask(one), "ran");
    host.set_clock(utc("2030-01-01T00:00:00Z"), Grade::unsure);
    host.pass_until_rewritten();
    host.real = utc("2026-11-30T00:00:00Z");
    host.set_clock(host.real, Grade::unsure);
    host.reset(false);
    host.real = utc("2026-12-12T00:00:00Z");
    host.look();
    EXPECT_EQ(host.ask(one), "job-already-run");
}

TEST(Once, AResetToAClockThatIsBehind) {
    Host host;
    host.start();
    const auto one = job("one", utc("2026-11-24T00:00:00Z"), utc("2026-12-31T00:00:00Z"));
    ASSERT_EQ(host.ask(one), "ran");
    host.set_clock(utc("2030-01-01T00:00:00Z"), Grade::unsure);
    host.pass_until_rewritten();
    host.set_clock(utc("2026-11-05T00:00:00Z"), Grade::unsure);
    host.reset(false);
    host.set_clock(utc("2026-11-26T00:00:00Z"), Grade::unsure);
    EXPECT_EQ(host.ask(one), "job-already-run");
}

TEST(Once, AQuotaIsNotRevivedByAReset) {
    Host host;
    host.start();
    const auto often = job("often", host.real, host.real + days(30), {1, seconds(86'400)});
    ASSERT_EQ(host.ask(often), "ran");
    host.set_clock(utc("2030-01-01T00:00:00Z"), Grade::unsure);
    const auto before = host.real;
    host.pass_until_rewritten();
    host.real = before + hours(2);
    host.set_clock(host.real, Grade::unsure);
    host.reset(false);
    EXPECT_EQ(host.ask(often), "quota-exceeded");
    host.real += hours(23);
    EXPECT_EQ(host.ask(often), "ran");
}

// The clock is set back after the loss, goes on for an hour there, and is set right.
TEST(Once, ABirthIsNoEarlierThanTheFloorThatItBeganWith) {
    Host host;
    host.start();
    const auto one = job("one", utc("2026-11-24T00:00:00Z"), utc("2026-12-31T00:00:00Z"));
    ASSERT_EQ(host.ask(one), "ran");
    host.lose_and_accept();
    host.set_clock(utc("2026-11-05T00:00:00Z"), Grade::unsure);
    host.real += hours(1);
    host.set_clock(host.shown(), Grade::held);
    host.set_clock(host.real, Grade::unsure);
    EXPECT_EQ(host.ask(one), "before-birth");
}

// What happens to a host at random, and which runs it has had.
class Fate {
  public:
    explicit Fate(unsigned seed) : random_(seed) {
        const auto from = host_.real - days(3);
        for (int i = 0; i < 12; ++i) {
            const auto begin = from + hours(pick(24 * 60));
            auto one = job("once-" + std::to_string(i), begin, begin + hours(1 + pick(24 * 60)));
            one.policy.skew = minutes(pick(2) * 15);
            jobs_.push_back({.job = std::move(one)});
        }
        for (int i = 0; i < 4; ++i) {
            const approval::Runs runs{1 + static_cast<unsigned>(pick(3)),
                                      hours(pick(2) == 0 ? 1 : 24)};
            jobs_.push_back(
                {.job = job("often-" + std::to_string(i), from, from + days(3650), runs)});
        }
        host_.start();
    }

    void happen() {
        switch (pick(24)) {
            case 0:
                return set_clock(right() + days(pick(30)) - days(5), Grade::unsure);
            case 1:
                return set_clock(right() + days(350 + pick(1500)), Grade::unsure);
            case 2:
                return set_clock(right() + minutes(pick(12)) - minutes(6), Grade::unsure);
            case 3:
                return set_clock(right() + days(pick(900)), Grade::trusted);
            case 4:
                return set_clock(right(), Grade::trusted);
            case 5:
            case 6:
                return set_clock(right(), Grade::unsure);
            case 7:
            case 8:
                return reset(pick(2) == 0);
            case 9:
                return rewrite();
            case 10:
                return host_.start();
            case 11:
                return lose();
            case 12:
                return pick(8) == 0 ? host_.crowd() : host_.look();
            case 13:
                host_.grade = std::max(host_.grade, Grade::held);
                return pass(hours(1));
            default:
                break;
        }
        pass(minutes(pick(4) == 0 ? 600 : 11));
        for (int i = 0; i < 4; ++i) ask(jobs_.at(static_cast<std::size_t>(pick(16))));
    }

    std::size_t ran = 0;
    std::size_t rewritten = 0;
    std::size_t lost = 0;

  private:
    struct Known {
        test::Situation job;
        unsigned runs = 0;
        std::vector<UnixTime> starts{};  // as they count for the quota
    };

    int pick(int below) { return std::uniform_int_distribution(0, below - 1)(random_); }
    UnixTime right() const { return host_.real; }
    void pass(seconds time) {
        host_.real += time;
        host_.look();
    }
    void set_clock(UnixTime time, Grade grade) {
        host_.set_clock(std::max(time, kBuiltAfter), grade);
    }
    // After a loss the clock has to be right for it, as an operator is told.
    void reset(bool i_know) {
        if (lost > 0 && host_.ahead != seconds(0)) return;
        host_.reset(i_know);
        const auto floor = std::max(host_.ledger->trusted_floor(), host_.ledger->unsure_floor());
        for (auto& known : jobs_) {
            for (auto& start : known.starts) start = std::min(start, floor);
        }
    }
    void rewrite() {
        host_.litter();
        ++rewritten;
    }
    // Not while a run was at a time that is still to come. The counts begin anew.
    void lose() {
        if (latest_ > host_.shown() || host_.ahead != seconds(0)) return;
        host_.lose_and_accept();
        for (auto& known : jobs_) known.starts.clear();
        ++lost;
    }
    void ask(Known& known) {
        const auto floor = std::max(host_.ledger->trusted_floor(), host_.ledger->unsure_floor());
        const auto answer = host_.ask(known.job);
        if (answer != "ran") return;
        ++ran;
        ++known.runs;
        latest_ = std::max(latest_, host_.shown());
        const auto& runs = known.job.job.runs;
        const auto now = std::max(host_.shown(), floor);
        const auto recent = std::ranges::count_if(
            known.starts, [&](UnixTime start) { return start > now - runs.period; });
        known.starts.push_back(now);
        const bool may = runs.once() ? known.runs == 1 : recent < runs.count;
        EXPECT_TRUE(may) << known.job.job.job_id.value;
    }

    std::mt19937 random_;
    Host host_;
    std::vector<Known> jobs_;
    UnixTime latest_{};  // that the clock showed at a run
};

TEST(Once, WhateverHappensNoJobRunsMoreOftenThanItMay) {
    std::size_t ran = 0;
    std::size_t rewritten = 0;
    std::size_t lost = 0;
    for (unsigned seed = 1; seed <= 24 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Fate fate(seed);
        for (int i = 0; i < 200 && !testing::Test::HasFailure(); ++i) fate.happen();
        ran += fate.ran;
        rewritten += fate.rewritten;
        lost += fate.lost;
    }
    EXPECT_GT(ran, 200U);
    EXPECT_GT(rewritten, 50U);
    EXPECT_GT(lost, 10U);
}

}  // namespace
}  // namespace bulkhead::records
