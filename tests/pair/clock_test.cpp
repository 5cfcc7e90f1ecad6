// A host whose clock was wrong once: what it says, and how its operator gets out of that.
#include "common/sys/clock.hpp"

#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cstdlib>

#include "broker/records/ledger.hpp"
#include "tests/pair/pair.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::test {
namespace {

using records::Grade;

class ClockTest : public Pair {
  protected:
    void prepare() {
        pin(once_);
        pin(other_);
        pin(often_);
        start_enrolled();
        EXPECT_EQ(reason(once_), "ok");
        EXPECT_EQ(reason(often_), "ok");
    }
    // As a start with a clock that was ahead leaves it; this machine's clock stays as it is.
    // `left` are requests that it finds.
    void was_ahead(std::chrono::seconds ahead, Grade grade, std::vector<std::string> left = {}) {
        stop();
        for (const auto& name : left) {
            place().write("state/broker/requests/" + name, "left by ctrl-c");
        }
        const auto state = sys::Dir::open(place() / "state/broker");
        ASSERT_OK(state);
        auto ledger = records::Ledger::open(*state, sys::now());
        ASSERT_OK(ledger);
        floor_ = sys::now() + ahead;
        ASSERT_TRUE(ledger->note_time(floor_, grade));
        ledger = fail("closed");
        start();
    }
    std::string reason(const PinnedJob& job) { return run_job({.script = job.script})["reason"]; }
    bool has_trouble(std::string_view code) {
        return status().contains("\"code\":\"" + std::string(code) + "\"");
    }
    Finished reset(std::vector<std::string> more = {}) {
        more.insert(more.begin(), {BULKHEAD_CLI, "reset-clock", "--state", place() / "state",
                                   "--log-dir", place() / "log"});
        return run(more);
    }

    const PinnedJob once_{.name = "once", .script = "echo once\n", .runs = "1"};
    const PinnedJob other_{.name = "other", .script = "echo other\n", .runs = "1"};
    const PinnedJob often_{.name = "often", .script = "echo often\n"};
    UnixTime floor_{};
};

TEST_F(ClockTest, AYearAheadForOneStartIsToldAndReset) {
    prepare();
    was_ahead(std::chrono::hours(24 * 365), Grade::unsure);
    EXPECT_TRUE(wait_for_log("clock-unsure")) << "told at the start";
    const auto refused = run_job({.script = often_.script});
    EXPECT_EQ(refused["reason"], "clock-unsure");
    EXPECT_TRUE(refused["detail"].dump().contains(format_utc(floor_)));
    EXPECT_TRUE(refused["detail"].dump().contains("bulkhead reset-clock"));
    EXPECT_TRUE(wait_for_status("\"code\":\"clock-unsure\""));
    EXPECT_EQ(reason(once_), "job-already-run") << "whatever the clock";

    const auto done = reset({"--reason", "the RTC was wrong"});
    EXPECT_EQ(done.code, 0) << done.output;
    const auto line = last_audit("clock-reset");
    EXPECT_EQ(line["unsure_floor"], format_utc(floor_));
    EXPECT_TRUE(line["asked"].dump().contains("the RTC was wrong"));
    EXPECT_TRUE(line["asked"].dump().contains("uid 0"));
    EXPECT_EQ(reason(often_), "ok");
    EXPECT_EQ(reason(other_), "ok");
    EXPECT_EQ(reason(once_), "job-already-run");
    EXPECT_FALSE(has_trouble("clock-unsure"));
    EXPECT_TRUE(eventually(
        [&] { return wait_for_heartbeats(1) && !heartbeats().back().dump().contains("clock-"); },
        kPatience));
    stop();
    start();
    EXPECT_EQ(reason(often_), "ok") << "also after a restart";
    EXPECT_TRUE(audit("ledger-rolled-back").empty());
}

TEST_F(ClockTest, ATrustedTimeTakesMore) {
    prepare();
    was_ahead(std::chrono::hours(24 * 365), Grade::trusted);
    EXPECT_EQ(reason(often_), "clock-behind");
    const auto dropped = reset();
    EXPECT_NE(dropped.code, 0);
    EXPECT_TRUE(dropped.output.contains("--i-know")) << dropped.output;
    EXPECT_TRUE(last_audit("clock-reset-dropped")["why"].dump().contains("--i-know"));
    EXPECT_EQ(reason(often_), "clock-behind");
    const auto done = reset({"--i-know"});
    EXPECT_EQ(done.code, 0) << done.output;
    EXPECT_EQ(last_audit("clock-reset")["grade"], "trusted");
    EXPECT_EQ(reason(often_), "ok");
    EXPECT_EQ(reason(once_), "job-already-run");
}

TEST_F(ClockTest, ARequestWaitsForNoLaterFloor) {
    prepare();
    for (const auto& more : {std::vector<std::string>{}, std::vector<std::string>{"--i-know"}}) {
        const auto dropped = reset(more);
        EXPECT_NE(dropped.code, 0);
        EXPECT_TRUE(dropped.output.contains("no floor is later than the clock")) << dropped.output;
    }
    EXPECT_EQ(audit("clock-reset-dropped").size(), 2U);
    const auto stranger = run({"/usr/bin/setpriv", "--reuid=65534", "--clear-groups", BULKHEAD_CLI,
                               "reset-clock", "--state", place() / "state"});
    EXPECT_NE(stranger.code, 0);
    EXPECT_TRUE(stranger.output.contains("only root may")) << stranger.output;
    EXPECT_FALSE(place().exists("state/broker/requests/reset-clock"));
    was_ahead(std::chrono::hours(1), Grade::unsure);
    EXPECT_EQ(reason(often_), "clock-unsure");
}

// Who asked saw another clock, and another floor.
TEST_F(ClockTest, ARequestFromBeforeTheStartIsDropped) {
    prepare();
    was_ahead(std::chrono::hours(24 * 365), Grade::trusted, {"reset-clock", "reset-clock.i-know"});
    EXPECT_TRUE(wait_for_log("clock-reset-dropped"));
    EXPECT_EQ(reason(often_), "clock-behind");
    EXPECT_TRUE(audit("clock-reset").empty());
    ASSERT_EQ(audit("clock-reset-dropped").size(), 2U);
    EXPECT_TRUE(
        last_audit("clock-reset-dropped")["why"].dump().contains("before this agent began"));
    EXPECT_TRUE(last_audit("clock-reset-dropped")["asked"].dump().contains("ctrl-c"));
    EXPECT_FALSE(place().exists("state/broker/requests/reset-clock.i-know"));
    EXPECT_EQ(reset({"--i-know"}).code, 0);
    EXPECT_EQ(reason(often_), "ok");
}

TEST_F(ClockTest, AFewSecondsTooEarlyIsAskedAgain) {
    start_enrolled();
    auto early = often_;
    early.not_before = format_utc(sys::now() + 15s);
    pin(early);
    auto far = PinnedJob{.name = "far", .script = "echo far\n"};
    far.not_before = format_utc(sys::now() + 20min);
    pin(far);
    reload();
    EXPECT_EQ(reason(far), "too-early") << "told at once";
    EXPECT_EQ(reason(early), "ok");
    const auto verdicts = audit("verdict");
    ASSERT_EQ(verdicts.size(), 3U);
    EXPECT_EQ(verdicts[1]["reason"], "too-early");
    EXPECT_EQ(verdicts[2]["reason"], "admitted");
    EXPECT_EQ(verdicts[1]["delivery"], verdicts[2]["delivery"]);
}

// The delivery may come only once: what is kept must not be lost without a word.
TEST_F(ClockTest, AWorkerThatDiesOverAnEarlyJobLeavesARefusal) {
    auto early = often_;
    early.not_before = format_utc(sys::now() + 200s);
    pin(early);
    start_enrolled();
    const auto id = queue({.script = early.script});
    EXPECT_TRUE(wait_for_log("job-early"));
    const auto before = worker_pid();
    kill_worker();
    wait_for_worker(before);
    const auto result = result_of(id);
    EXPECT_EQ(result["outcome"], "refused");
    EXPECT_EQ(result["reason"], "too-early");
}

// With the real clock, on a virtual machine that nothing else runs on.
class ClockThatIsSet : public ClockTest {
  protected:
    void SetUp() override {
        if (std::getenv("BULKHEAD_TEST_MAY_SET_THE_CLOCK") == nullptr) {
            GTEST_SKIP() << "sets the clock: for a machine of its own, which says so by "
                            "BULKHEAD_TEST_MAY_SET_THE_CLOCK";
        }
        ClockTest::SetUp();
    }
    static void set_forward(std::chrono::seconds by) {
        const timespec time{.tv_sec = (sys::now() + by).time_since_epoch().count(), .tv_nsec = 0};
        ASSERT_EQ(::clock_settime(CLOCK_REALTIME, &time), 0);
    }
    // As systemd-timesyncd and chrony with rtcsync tell the kernel; setting the clock unsays it.
    static void say_synchronised() {
        timex said{};
        said.modes = ADJ_STATUS | ADJ_MAXERROR;
        ASSERT_GE(::syscall(SYS_adjtimex, &said), 0);
    }
    void start_once_ahead(bool synchronised) {
        stop();
        set_forward(kYear);
        if (synchronised) say_synchronised();
        start();
        EXPECT_TRUE(wait_for_audit("agent-started", ++starts_));
        stop();
        set_forward(-kYear);
        start();
        ++starts_;
    }

    static constexpr std::chrono::hours kYear{24 * 365};
    std::size_t starts_ = 1;
};

TEST_F(ClockThatIsSet, AYearAheadForOneStartAndTheWayOut) {
    prepare();
    start_once_ahead(false);
    EXPECT_EQ(reason(often_), "clock-unsure");
    EXPECT_TRUE(has_trouble("clock-unsure"));
    EXPECT_EQ(reset().code, 0);
    EXPECT_EQ(reason(often_), "ok");
    EXPECT_EQ(reason(once_), "job-already-run");

    start_once_ahead(true);
    EXPECT_EQ(reason(often_), "clock-behind");
    EXPECT_NE(reset().code, 0);
    EXPECT_EQ(reset({"--i-know"}).code, 0);
    EXPECT_EQ(reason(often_), "ok");
    EXPECT_EQ(reason(once_), "job-already-run");
    EXPECT_EQ(reason(other_), "ok");
}

}  // namespace
}  // namespace bulkhead::test
