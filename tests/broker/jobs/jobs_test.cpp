#include "broker/jobs/jobs.hpp"

#include <sys/syscall.h>

#include <csignal>
#include <filesystem>

#include "common/sys/clock.hpp"
#include "tests/broker/jobs/job_fixture.hpp"
#include "tests/broker/records/samples.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/files.hpp"
#include "tests/support/tree.hpp"

namespace {
// In place of fsync(2), where a test says so.
std::function<int()> disk;
}  // namespace
extern "C" int fsync(int fd) { return disk ? disk() : static_cast<int>(::syscall(SYS_fsync, fd)); }

namespace bulkhead::broker {
namespace {

using namespace std::chrono_literals;
using protocol::JobOutcome;

struct JobsTest : CgroupFixture {
    test::TempDir place;
    sys::Dir dir = place.open();
    sys::Loop loop = sys::Loop::create().value();
    sys::Log log{"test", -1};
    std::optional<records::Ledger> ledger{records::Ledger::open(dir, sys::now()).value()};
    std::optional<records::Audit> audit{records::Audit::open(dir).value()};
    std::map<JobNumber, protocol::JobEnd> ended;
    std::optional<Jobs> jobs;

    void SetUp() override {
        CgroupFixture::SetUp();
        if (!tree) return;
        jobs.emplace(
            loop, *tree, *ledger, *audit, log,
            [this](JobNumber number, const protocol::JobEnd& end) { ended[number] = end; });
    }
    JobNumber start(const JobPlan& plan, std::chrono::seconds timeout = 60s) {
        return jobs
            ->start(jobs->prepare(plan).value(), plan, records::sample_start(++count_, sys::now()),
                    timeout)
            .value();
    }
    JobNumber start(std::string_view script, std::chrono::seconds timeout = 60s) {
        return start(plan_of(permissive(), script), timeout);
    }
    protocol::JobEnd end_of(JobNumber number) {
        while (!ended.contains(number)) EXPECT_TRUE(loop.step(60s));
        return ended[number];
    }
    std::string output_of(JobNumber number) const {
        return sys::read_to_end(jobs->pipes(number).value().first, 1 << 20).value_or("");
    }

  private:
    std::uint64_t count_ = 0;
};

TEST_F(JobsTest, AJobEndsWithItsCodeTimesAndOutput) {
    const auto number = start("echo hello; exit 3");
    EXPECT_EQ(jobs->running(), 1U);
    const auto end = end_of(number);
    EXPECT_EQ(end.outcome, JobOutcome::finished);
    EXPECT_EQ(end.exit_code, 3);
    EXPECT_EQ(end.signal, 0);
    EXPECT_EQ(end.reason.str(), "ok");
    EXPECT_GT(end.max_rss_bytes, 100'000U);
    EXPECT_EQ(output_of(number), "hello\n");
    EXPECT_EQ(jobs->running(), 0U);
    EXPECT_EQ(jobs->unreported(), 1U) << "until it is acknowledged";
}

TEST_F(JobsTest, StandardStreamsOpenAgainByTheirNames) {
    auto profile = permissive();
    profile.namespaces.mount = true;
    profile.paths = shells();
    auto plan =
        plan_of(profile, "echo 1 >/dev/stdout; echo 2 >/dev/stderr; echo 3 | tee /dev/stderr");
    plan.merged = true;
    const auto number = start(plan);
    end_of(number);
    EXPECT_THAT(output_of(number), testing::StartsWith("1\n2\n3\n"));
}

TEST_F(JobsTest, ASignalThatEndedItIsToldApart) {
    const auto end = end_of(start("kill -SEGV $$"));
    EXPECT_EQ(end.outcome, JobOutcome::finished);
    EXPECT_EQ(end.signal, SIGSEGV);
    EXPECT_EQ(end.exit_code, 0);
}

TEST_F(JobsTest, ItsTimeIsUpWhenItsTimeIsUp) {
    const auto end = end_of(start("echo $$; sleep 600", 1s));
    EXPECT_EQ(end.outcome, JobOutcome::timed_out);
    EXPECT_EQ(end.reason.str(), "timed-out");
    EXPECT_EQ(end.signal, SIGTERM);
    EXPECT_GE(end.wall_ms, 1000U);
}

TEST_F(JobsTest, CancellingAsksItToLeaveAndSaysSo) {
    const auto number =
        start("trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.01; done");
    const auto out = jobs->pipes(number).value().first.duplicate().value();
    ASSERT_TRUE(becomes_ready(out)) << "the trap is set";
    EXPECT_TRUE(jobs->cancel(number));
    EXPECT_TRUE(jobs->cancel(number)) << "again changes nothing";
    const auto end = end_of(number);
    EXPECT_EQ(end.outcome, JobOutcome::cancelled);
    EXPECT_EQ(end.exit_code, 5);
    EXPECT_EQ(output_of(number), "up\nbye\n");
    EXPECT_FALSE(jobs->cancel(number)) << "it has ended";
    EXPECT_FALSE(jobs->cancel(JobNumber{99}));
}

TEST_F(JobsTest, WhatItLeftBehindIsKilledBeforeItCountsAsEnded) {
    const auto number = start("(setsid sh -c 'trap \"\" TERM; sleep 600' &); echo left");
    EXPECT_EQ(end_of(number).outcome, JobOutcome::finished);
    // The whole output and its end: nobody holds the other side any more.
    EXPECT_EQ(output_of(number), "left\n");
}

TEST_F(JobsTest, WhatItLeftBehindIsCountedAndNamed) {
    for (const bool pid_namespace : {false, true}) {
        auto profile = permissive();
        profile.namespaces.pid = profile.namespaces.mount = pid_namespace;
        profile.paths = shells();
        auto plan = plan_of(profile,
                            "sleep 600 & until [ \"$(cat /proc/$!/comm)\" = sleep ]; do :; done\n"
                            "setsid sleep 600 & (sleep 600 &)\nexit 6");
        plan.init_stays = true;
        const auto end = end_of(start(plan));
        EXPECT_EQ(end.outcome, JobOutcome::finished) << end.detail.str();
        EXPECT_EQ(end.exit_code, 6);
        EXPECT_EQ(end.left_behind, 3U) << pid_namespace << end.left_names.str();
        EXPECT_THAT(end.left_names.str(), testing::HasSubstr("sleep"));
    }
}

TEST_F(JobsTest, OnlyTheFirstOfThoseLeftBehindAreNamed) {
    const auto end = end_of(start("for i in 1 2 3 4 5 6 7 8; do sleep 600 & done"));
    EXPECT_EQ(end.left_behind, 8U);
    EXPECT_EQ(std::ranges::count(end.left_names.str(), ','), 4);
}

TEST_F(JobsTest, AJobThatWaitedForItsOwnLeavesNobody) {
    for (const bool pid_namespace : {false, true}) {
        auto profile = permissive();
        profile.namespaces.pid = profile.namespaces.mount = pid_namespace;
        auto plan = plan_of(profile, "(sleep 0.01) & seq 9 | tail -n 1; wait");
        plan.init_stays = true;
        const auto end = end_of(start(plan));
        EXPECT_EQ(end.exit_code, 0) << end.detail.str();
        EXPECT_EQ(end.left_behind, 0U) << end.left_names.str();
        EXPECT_EQ(end.left_names.str(), "");
    }
}

TEST_F(JobsTest, OfAJobThatWasEndedNobodyIsCounted) {
    const auto end = end_of(start("trap '' TERM; sleep 600 & wait; wait", 1s));
    EXPECT_EQ(end.outcome, JobOutcome::timed_out);
    EXPECT_EQ(end.left_behind, 0U);
}

TEST_F(JobsTest, AnInitThatStaysStillTellsWhatFailed) {
    auto profile = permissive();
    profile.namespaces.pid = profile.namespaces.mount = true;
    auto plan = plan_of(profile, "exit 0");
    plan.interpreter = "/no/such/shell";
    plan.init_stays = true;
    const auto end = end_of(start(plan));
    EXPECT_EQ(end.outcome, JobOutcome::failed_to_start);
    EXPECT_EQ(end.detail.str(), "exec /no/such/shell: No such file or directory");
}

struct JobsReboot : JobsTest {
    std::vector<JobNumber> asked;
    policy::Profile profile = permissive();
    const std::string mark = place / "mark";

    void SetUp() override {
        JobsTest::SetUp();
        if (!jobs) return;
        jobs->watch(
            [this](JobNumber number) {
                EXPECT_FALSE(ended.contains(number)) << "before anybody is told of the end";
                asked.push_back(number);
            },
            [] {});
        profile.user = profile.group = "root";
    }
    JobPlan roots(std::string_view script) const {
        auto plan = plan_of(profile, script);
        plan.reboot_mark = mark;
        plan.environment.push_back("BULKHEAD_REBOOT_MARK=" + mark);
        return plan;
    }
};

TEST_F(JobsReboot, IsAskedForByExitStatus194) {
    const auto number = start(roots("exit 194"));
    const auto end = end_of(number);
    EXPECT_EQ(end.outcome, JobOutcome::finished);
    EXPECT_EQ(end.exit_code, 194);
    EXPECT_TRUE(end.rebooted);
    EXPECT_EQ(end.reason.str(), "reboot-requested");
    EXPECT_EQ(asked, std::vector{number});
    EXPECT_TRUE(jobs->owes_result_before_reboot());
    EXPECT_TRUE(jobs->acknowledge(number));
    EXPECT_FALSE(jobs->owes_result_before_reboot());
}

TEST_F(JobsReboot, IsAskedForByAFileAndTheExitStatusStaysTheJobs) {
    const auto end = end_of(start(roots(": >$BULKHEAD_REBOOT_MARK; exit 3")));
    EXPECT_EQ(end.exit_code, 3);
    EXPECT_TRUE(end.rebooted);
    EXPECT_EQ(asked.size(), 1U);
    EXPECT_NE(::access(mark.c_str(), F_OK), 0) << "the next job must ask by itself";
}

TEST_F(JobsReboot, IsNotForAJobThatIsNotRoots) {
    const auto end = end_of(start("exit 194"));
    EXPECT_EQ(end.exit_code, 194);
    EXPECT_FALSE(end.rebooted);
    EXPECT_EQ(end.reason.str(), "ok");
    EXPECT_THAT(end.detail.str(), testing::HasSubstr("only in a profile whose user is root"));
    EXPECT_TRUE(asked.empty());
}

TEST_F(JobsReboot, IsNotForAJobThatWasEndedOrKilled) {
    EXPECT_FALSE(end_of(start(roots(": >$BULKHEAD_REBOOT_MARK; kill -9 $$"))).rebooted);
    EXPECT_FALSE(
        end_of(start(roots("trap 'exit 194' TERM; while :; do sleep 0.01; done"), 1s)).rebooted);
    EXPECT_TRUE(asked.empty());
    EXPECT_NE(::access(mark.c_str(), F_OK), 0);
}

TEST_F(JobsTest, WhatItsProfileRunsWithoutIsToldWithItsEnd) {
    auto plan = plan_of(permissive(), "exit 0");
    plan.remarks = {"sees no other process", "without landlock: an old kernel"};
    const auto number = start(plan);
    end_of(number);
    EXPECT_EQ(jobs->remarks(number).str(),
              "sees no other process; without landlock: an old kernel");
    EXPECT_EQ(jobs->list("backend").value()[0].remarks, jobs->remarks(number));
}

TEST_F(JobsTest, WhatComesAfterItsEndDoesNotCancelIt) {
    // Over, while what it left behind is still being killed: a moment that may be missed.
    for (int round = 0; round < 100; ++round) {
        const auto number = start("for i in 1 2 3 4 5 6 7 8; do sleep 600 & done; exit 6");
        EXPECT_TRUE(loop.step(60s)) << "its first process has ended";
        const bool in_between = !ended.contains(number);
        jobs->cancel(number);
        EXPECT_EQ(end_of(number).outcome, JobOutcome::finished);
        EXPECT_EQ(end_of(number).exit_code, 6);
        EXPECT_TRUE(jobs->acknowledge(number));
        if (in_between) return;
    }
    FAIL() << "missed it a hundred times";
}

TEST_F(JobsTest, OneThatLeftAndRemovedItsCgroupIsStillEnded) {
    auto profile = permissive();
    profile.user = profile.group = "root";
    const std::string leave =
        "top=$(awk '$3 == \"cgroup2\" {print $2; exit}' /proc/self/mounts)\n"
        "own=$(sed -n s/^0:://p /proc/self/cgroup)\n"
        "echo $$ > $top/cgroup.procs && rmdir $top$own && echo left\n";
    const auto number = start(plan_of(profile, leave + "exit 6\n"));
    EXPECT_EQ(end_of(number).exit_code, 6);
    EXPECT_EQ(output_of(number), "left\n");
    const auto late = start(plan_of(profile, leave + "sleep 600\n"), 1s);
    EXPECT_EQ(end_of(late).outcome, JobOutcome::timed_out);
    EXPECT_EQ(end_of(late).signal, SIGKILL) << "it could not be asked";
    EXPECT_EQ(jobs->running(), 0U);
}

TEST_F(JobsTest, AJobThatCannotStartEndsWithTheStepThatFailed) {
    auto plan = plan_of(permissive(), "exit 0");
    plan.interpreter = "/no/such/shell";
    const auto end = end_of(start(plan));
    EXPECT_EQ(end.outcome, JobOutcome::failed_to_start);
    EXPECT_EQ(end.reason.str(), "start-failed");
    EXPECT_EQ(end.detail.str(), "exec /no/such/shell: No such file or directory");
}

// Whether one stands behind all its walls: the filter is the last of them.
bool child_stands() {
    const auto self = std::to_string(::getpid());
    std::istringstream children(test::content_of("/proc/self/task/" + self + "/children"));
    for (std::string pid; children >> pid;) {
        const auto status = test::content_of("/proc/" + pid + "/status");
        if (status.find("\nSeccomp:\t2\n") != status.npos) return true;
    }
    return false;
}

TEST_F(JobsTest, TheProcessStandsWhileTheDiskWritesItsStartAndNothingOfItRunsIfThatFails) {
    const auto ran = place / "ran";
    std::filesystem::permissions(place / ".", std::filesystem::perms::all);
    const auto plan = plan_of(permissive(), "touch " + ran);
    auto pipes = jobs->prepare(plan).value();
    bool stood = false;
    disk = [&] {
        stood = test::eventually(child_stands, 1min);
        errno = EIO;
        return -1;
    };
    const auto started =
        jobs->start(std::move(pipes), plan, records::sample_start(1, sys::now()), 60s);
    disk = nullptr;
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().what.find("nothing starts any more"), std::string::npos);
    EXPECT_TRUE(stood);
    EXPECT_FALSE(child_stands());
    EXPECT_FALSE(std::filesystem::exists(ran));
    EXPECT_EQ(jobs->unreported(), 0U);
    EXPECT_FALSE(std::filesystem::exists("/run/1-" + plan.script_name));
}

TEST_F(JobsTest, OnlyAnEndedJobCanBeAcknowledgedAndOnlyOnce) {
    const auto number = start("read line </proc/self/fd/0; sleep 600");
    EXPECT_FALSE(jobs->acknowledge(number));
    jobs->cancel(number);
    end_of(number);
    EXPECT_TRUE(jobs->acknowledge(number));
    EXPECT_FALSE(jobs->acknowledge(number));
    EXPECT_EQ(jobs->unreported(), 0U);
    EXPECT_FALSE(jobs->acknowledge(JobNumber{99}));
}

TEST_F(JobsTest, AWorkerOfTomorrowIsToldOfBoth) {
    const auto first = start("echo kept");
    const auto second = start("sleep 600");
    end_of(first);
    const auto list = jobs->list("backend").value();
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[0].number, first);
    EXPECT_TRUE(list[0].ended);
    EXPECT_EQ(list[0].delivery_id.value.str(), "delivery-1");
    EXPECT_EQ(sys::read_to_end(list[0].out->fd, 100), "kept\n");
    EXPECT_EQ(list[1].number, second);
    EXPECT_FALSE(list[1].ended);
    jobs->stop_all("shutdown");
    EXPECT_EQ(end_of(second).outcome, JobOutcome::interrupted);
    EXPECT_EQ(end_of(second).reason.str(), "shutdown");
}

TEST_F(JobsTest, TheLedgerKnowsTheStartAndTheEndAcrossARestart) {
    const auto number = start("exit 4");
    end_of(number);
    jobs.reset();
    ledger.reset();
    ledger.emplace(records::Ledger::open(dir, sys::now()).value());
    const auto left = ledger->unreported();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].number, number);
    EXPECT_EQ(left[0].end.exit_code, 4);
    Jobs next(loop, *tree, *ledger, *audit, log, [](JobNumber, const protocol::JobEnd&) {});
    next.adopt(left[0]);
    const auto list = next.list("backend").value();
    ASSERT_EQ(list.size(), 1U);
    EXPECT_TRUE(list[0].ended);
    EXPECT_FALSE(list[0].out) << "no pipe that would pretend to be the job's";
    EXPECT_FALSE(list[0].err);
    EXPECT_EQ(list[0].runs, 1);
    EXPECT_TRUE(next.acknowledge(number));
}

TEST_F(JobsTest, TheServiceManagerCarriesPipesOverARestart) {
    std::vector<PipeStore::Named> kept;
    std::vector<std::string> removed;
    const auto send = [&](std::string_view state, const sys::Fd* fd) -> Result<> {
        const auto name = std::string(state.substr(state.rfind('=') + 1));
        if (fd != nullptr) {
            EXPECT_THAT(std::string(state),
                        testing::StartsWith("FDSTORE=1\nFDPOLL=0\nFDNAME=job-"));
            kept.emplace_back(name, fd->duplicate().value());
        } else {
            EXPECT_THAT(std::string(state), testing::StartsWith("FDSTOREREMOVE=1\nFDNAME=job-"));
            removed.push_back(name);
        }
        return {};
    };
    const auto no_end = [](JobNumber, const protocol::JobEnd&) {};
    PipeStore store(send, {});
    jobs.emplace(
        loop, *tree, *ledger, *audit, log,
        [this](JobNumber number, const protocol::JobEnd& end) { ended[number] = end; }, nullptr,
        &store);
    const auto number = start("echo kept; echo too >&2");
    end_of(number);
    jobs.reset();
    ledger.reset();
    ledger.emplace(records::Ledger::open(dir, sys::now()).value());
    ASSERT_EQ(kept.size(), 2U);
    // What a stranger might have put there.
    auto writable = sys::make_pipe().value();
    kept.emplace_back(kept[0].first + "0", std::move(writable.write));
    std::vector<std::string> names;
    for (const auto& [name, fd] : kept) names.push_back(name);

    PipeStore next_store(send, std::exchange(kept, {}));
    Jobs next(loop, *tree, *ledger, *audit, log, no_end, nullptr, &next_store);
    next.adopt(ledger->unreported().at(0));
    const auto list = next.list("backend").value();
    ASSERT_TRUE(list.at(0).out && list.at(0).err);
    EXPECT_EQ(list[0].runs, 1);
    EXPECT_EQ(sys::read_to_end(list[0].out->fd, 100), "kept\n");
    EXPECT_EQ(sys::read_to_end(list[0].err->fd, 100), "too\n");
    EXPECT_TRUE(removed.empty());
    next_store.drop_rest(log);
    EXPECT_THAT(removed, testing::ElementsAre(names[2]));
    EXPECT_TRUE(next.acknowledge(number));
    EXPECT_THAT(removed, testing::ElementsAre(names[2], names[0], names[1]));
}

TEST_F(JobsTest, OnlyTheReadEndOfAPipeIsTakenForOne) {
    const auto start = records::sample_start(1, sys::now());
    std::string name;
    const auto send = [&](std::string_view state, const sys::Fd* fd) -> Result<> {
        if (fd != nullptr && name.empty()) name = state.substr(state.rfind('=') + 1);
        return {};
    };
    const auto pipe = sys::make_pipe().value();
    ASSERT_TRUE(PipeStore(send, {}).keep(JobNumber{1}, start, 1, pipe.read, pipe.read));
    const auto taken = [&](sys::Fd fd) {
        std::vector<PipeStore::Named> kept;
        kept.emplace_back(name, std::move(fd));
        return PipeStore(send, std::move(kept)).take(JobNumber{1}, start).runs;
    };
    EXPECT_EQ(taken(pipe.read.duplicate().value()), 1);
    EXPECT_EQ(taken(pipe.write.duplicate().value()), 0) << "a write end";
    EXPECT_EQ(taken(sys::sealed_memfd("x", {}).value()), 0) << "a file";
    EXPECT_EQ(taken(dir.duplicate().value()), 0) << "a directory";
}

TEST_F(JobsTest, ARemovalThatCouldNotBeSentIsSentLater) {
    bool busy = true;
    std::vector<std::string> said;
    PipeStore store(
        [&](std::string_view state, const sys::Fd*) -> Result<> {
            if (busy) return sys::fail_errno("send", EAGAIN);
            said.emplace_back(state);
            return {};
        },
        {});
    store.forget(JobNumber{1}, records::sample_start(1, sys::now()), 1);
    busy = false;
    store.forget(JobNumber{2}, records::sample_start(2, sys::now()), 1);
    EXPECT_EQ(said.size(), 4U);
}

TEST_F(JobsTest, EndsAreAudited) {
    end_of(start("exit 6"));
    const auto text = dir.read_file("audit.log", 1 << 20).value();
    EXPECT_THAT(text, testing::HasSubstr("\"job-ended\""));
    EXPECT_THAT(text, testing::HasSubstr("\"exit\":6"));
    EXPECT_THAT(text, testing::HasSubstr("\"outcome\":\"finished\""));
    EXPECT_THAT(text, testing::HasSubstr("\"left_behind\":0"));
}

TEST_F(JobsTest, JobsThatStillRunGoWithTheBroker) {
    const auto number = start("echo $$; trap '' TERM; sleep 600");
    auto out = jobs->pipes(number).value().first.duplicate().value();
    ASSERT_TRUE(sys::set_nonblocking(out, false));
    jobs.reset();
    EXPECT_NE(sys::read_to_end(out, 100).value(), "x") << "came to its end: all writers are dead";
}

}  // namespace
}  // namespace bulkhead::broker
