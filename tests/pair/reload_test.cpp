// SIGHUP with another policy: what can be had at once is had, without a job or a result lost; what
// takes a new process is said to.
#include <algorithm>

#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

class Reload : public Pair {
  protected:
    void add_port() { place().append("policy/profiles/worker.profile", "tcp-connect 7  # more\n"); }
    json loaded() {
        reload();
        const auto events = audit("policy-loaded");
        return events.empty() ? json() : events.back();
    }
};

TEST_F(Reload, AWorkerWhoseWallsChangedIsReplacedAndItsJobGoesOn) {
    const auto go = place().scratch() + "/go";
    const PinnedJob job{.name = "long",
                        .script = "echo before\nwhile [ ! -e " + go +
                                  " ]; do sleep 0.05; done\n"
                                  "echo after\n"};
    pin(job);
    start_enrolled();
    const auto first = worker_pid();
    const auto id = queue({.script = job.script});
    ASSERT_TRUE(wait_for_output(id, "before\n"));
    const auto shell = place().job_processes().at(0);
    add_port();
    EXPECT_EQ(loaded()["workers"], "replaced");
    EXPECT_NE(wait_for_worker(first), first);
    EXPECT_EQ(place().job_processes().at(0), shell) << "the job is the same one";
    place().write("scratch/go", "");
    EXPECT_EQ(result_of(id)["outcome"], "finished");
    EXPECT_EQ(backend().standard_output(id), "before\nafter\n");
    EXPECT_EQ(audit("worker-replaced").size(), 1U);
    EXPECT_TRUE(audit("protocol-violation").empty());
    EXPECT_EQ(backend().enrolments()[0].times, 1);
}

TEST_F(Reload, OneWhoseWallsDidNotChangeStays) {
    start_enrolled();
    const auto first = worker_pid();
    place().append("policy/profiles/worker.profile", "# a remark\n");
    place().append("policy/approval.policy", "# another\n");
    const auto event = loaded();
    EXPECT_EQ(event["workers"], "kept");
    EXPECT_EQ(event["restart_needed"], false);
    EXPECT_TRUE(wait_for_heartbeats(2));
    EXPECT_EQ(worker_pid(), first);
}

TEST_F(Reload, OneThatDoesNotLeaveIsKilled) {
    start_enrolled();
    const auto first = worker_pid();
    ASSERT_EQ(::kill(first, SIGSTOP), 0);
    add_port();
    EXPECT_EQ(loaded()["workers"], "replaced");
    ASSERT_TRUE(wait_for_audit("worker-ended"));
    EXPECT_EQ(audit("worker-ended")[0]["signal"], SIGKILL);
    EXPECT_NE(wait_for_worker(first), first);
    EXPECT_TRUE(wait_for_heartbeats(1));
}

TEST_F(Reload, APolicyUnderWhichNoWorkerCouldStartIsRefusedBeforeTheOldOneIsGivenUp) {
    start_enrolled();
    const auto first = worker_pid();
    const auto before = place().read("policy/profiles/worker.profile");
    place().append("policy/profiles/worker.profile", "read /nowhere/at/all  # a slip\n");
    reload();
    ASSERT_EQ(audit("policy-rejected").size(), 1U);
    const auto why = audit("policy-rejected")[0]["why"].get<std::string>();
    EXPECT_NE(why.find("/nowhere/at/all"), why.npos) << why;
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(worker_pid(), first);
    EXPECT_TRUE(audit("worker-ended").empty());
    place().write("policy/profiles/worker.profile", before);
}

TEST_F(Reload, AnotherCeilingTakesARestartAndThatIsSaid) {
    start_enrolled();
    const auto first = worker_pid();
    const auto ceiling = audit("agent-started")[0]["policy"];
    const auto before = place().read("policy/seccomp/broker.seccomp");
    place().append("policy/seccomp/broker.seccomp", "errno EPERM mbind  # one call less\n");
    const auto event = loaded();
    EXPECT_EQ(event["restart_needed"], true);
    EXPECT_EQ(event["ceiling"], ceiling);
    EXPECT_NE(event["policy"], ceiling) << "decisions are the new one's all the same";
    EXPECT_TRUE(wait_for_log("restart-needed"));
    EXPECT_TRUE(wait_for_status("\"restart_needed\":true"));
    EXPECT_TRUE(
        eventually([&] { return heartbeats().back()["restart_needed"] == true; }, kPatience));
    EXPECT_EQ(heartbeats().back()["ceiling_digest"], ceiling);
    EXPECT_EQ(worker_pid(), first);
    place().write("policy/seccomp/broker.seccomp", before);
    EXPECT_EQ(loaded()["restart_needed"], false) << "it was taken back";
}

TEST_F(Reload, AProfileBeyondTheCeilingIsUnusableUntilThenAndTheRestIsTaken) {
    start_enrolled();
    auto wide = place().read("policy/profiles/test.profile");
    const auto line = wide.find("capabilities none");
    ASSERT_NE(line, wide.npos);
    wide.replace(line, wide.find('\n', line) - line, "capabilities CAP_SYS_PACCT  # accounts");
    place().write("policy/profiles/wide.profile", wide);
    const auto event = loaded();
    EXPECT_EQ(event["restart_needed"], true) << place().read("log/audit.log");
    const auto unusable = audit("profile-unusable");
    EXPECT_TRUE(std::ranges::any_of(unusable, [](const json& one) {
        const auto why = one["why"].get<std::string>();
        return why.find("profile wide: needs CAP_SYS_PACCT") != why.npos;
    }));
}

}  // namespace
}  // namespace bulkhead::test
