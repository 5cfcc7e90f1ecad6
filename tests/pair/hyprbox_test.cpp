// The hyprbox dialect with nothing simulated on the host's side.
#include <sched.h>
#include <unistd.h>

#include <csignal>

#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

class Hyprbox : public Pair {
  protected:
    Hyprbox() : Pair({.node_tokens = {{"node-token", "node-7"}}, .heartbeat_seconds = 1}) {}

    std::string configuration() override {
        return "backend:\n  dialect: hyprbox\n  url: " + backend().url() +
               "\n  ca_file: " + backend().ca_file() +
               "\n  credential: node-token\n  options:\n    node_id: node-7\n"
               "heartbeat_interval: 1s\n";
    }
    std::string queue_script(const std::string& script) {
        return queue({.dialect = "hyprbox", .target = "node-7", .script = script});
    }
};

TEST_F(Hyprbox, JobsAreClaimedOneAfterTheOtherAfterAHeartbeat) {
    const PinnedJob first{.name = "first", .script = "echo one\necho two >&2\necho three\n"};
    const PinnedJob second{.name = "second", .script = "echo second\nexit 3\n"};
    pin(first);
    pin(second);
    start_enrolled();
    const auto a = queue_script(first.script);
    const auto b = queue_script(second.script);
    EXPECT_EQ(result_of(a)["exitCode"], 0);
    EXPECT_EQ(result_of(a)["status"], "SUCCEEDED");
    EXPECT_EQ(backend().standard_output(a), "one\ntwo\nthree\n") << "in the order it was written";
    EXPECT_EQ(result_of(b)["exitCode"], 3);
    EXPECT_EQ(backend().standard_output(b), "second\n");
    const auto beat = heartbeats().back();
    EXPECT_EQ(beat["node_id"], "node-7");
    EXPECT_GT(beat["ram_percent"], 0);
}

TEST_F(Hyprbox, OutputArrivesWhileTheJobRuns) {
    const auto go = place().scratch() + "/go";
    const PinnedJob job{
        .name = "live",
        .script = "echo begun\nwhile [ ! -e " + go + " ]; do sleep 0.02; done\necho over\n"};
    pin(job);
    start_enrolled();
    const auto id = queue_script(job.script);
    ASSERT_TRUE(wait_for_output(id, "begun\n"));
    place().write("scratch/go", "");
    EXPECT_EQ(result_of(id)["exitCode"], 0);
    EXPECT_EQ(backend().standard_output(id), "begun\nover\n");
}

TEST_F(Hyprbox, ANameThatTheHostIsGivenLaterIsToldFromThenOn) {
    ASSERT_EQ(::unshare(CLONE_NEWUTS), 0) << "of this thread, and of what it starts";
    ASSERT_EQ(::sethostname("localhost", 9), 0);
    start_enrolled();
    EXPECT_EQ(heartbeats().back()["hostname"], "localhost");
    ASSERT_EQ(::sethostname("web-07", 6), 0);
    EXPECT_TRUE(wait_for_heartbeats(2));
    EXPECT_EQ(heartbeats().back()["hostname"], "web-07");
    EXPECT_TRUE(wait_for_log("host-renamed"));
}

// The claim is atomic, so a job that is refused must be completed or it would hang.
TEST_F(Hyprbox, ARefusedJobIsCompletedWithItsReason) {
    start_enrolled();
    const auto result = result_of(queue_script("echo nobody approved this\n"));
    EXPECT_EQ(result["status"], "FAILED");
    EXPECT_NE(result["exitCode"], 0);
    EXPECT_NE(result["errorMsg"].get<std::string>().find("not-approved"), std::string::npos)
        << result;
}

TEST_F(Hyprbox, ATokenOfAnotherNodeBeatsButGetsNoJob) {
    const PinnedJob job{.name = "mine", .script = "echo mine\n"};
    pin(job);
    backend().add_node_token("node-token", "node-8");
    start_enrolled();
    const auto id = queue_script(job.script);
    ASSERT_TRUE(wait_for_log("status 403"));
    EXPECT_TRUE(wait_for_heartbeats(2)) << "any token is good for those";
    EXPECT_EQ(backend().job(id)->state, reference::JobState::queued);
    backend().add_node_token("node-token", "node-7");
    EXPECT_EQ(result_of(id)["exitCode"], 0);
}

TEST_F(Hyprbox, ARevokedTokenIsToldAndTriedAtEveryTick) {
    start_enrolled();
    const auto first = worker_pid();
    backend().misbehave({.status = 401});
    ASSERT_TRUE(wait_for_log("node token rejected: status 401"));
    const auto asked = [&] { return backend().requests().size(); };
    const auto before = asked();  // pauses that doubled would take more than a minute
    EXPECT_TRUE(eventually([&] { return asked() >= before + 7; }, kPatience));
    backend().behave();
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(worker_pid(), first);
}

TEST_F(Hyprbox, AReportIsSentUntilItIsDelivered) {
    const PinnedJob job{.name = "kept", .script = "echo kept\nexit 4\n"};
    pin(job);
    start_enrolled();
    const auto id =
        queue({.dialect = "hyprbox", .target = "node-7", .script = job.script, .id = "kept-1"});
    for (const int status : {401, 429, 500}) {
        backend().misbehave({.path = "/api/jobs/kept-1/", .times = 1, .status = status});
    }
    EXPECT_EQ(result_of(id)["exitCode"], 4);
    EXPECT_EQ(backend().standard_output(id), "kept\n");
}

TEST_F(Hyprbox, AJobThatIsGoneIsForgottenAndTheNextOneRuns) {
    start_enrolled();
    for (const int status : {404, 409, 400}) {
        const auto name = "gone-" + std::to_string(status);
        const PinnedJob job{.name = name, .script = "echo " + name + "\n"};
        const PinnedJob next{.name = "after-" + name, .script = "echo after " + name + "\n"};
        pin(job);
        pin(next);
        reload();
        backend().misbehave(
            {.path = "/api/jobs/" + name + "/complete", .times = 1, .status = status});
        queue({.dialect = "hyprbox", .target = "node-7", .script = job.script, .id = name});
        ASSERT_TRUE(eventually([&] { return backend().misbehaviours().empty(); }, kPatience));
        EXPECT_EQ(result_of(queue_script(next.script))["exitCode"], 0) << status;
        EXPECT_TRUE(backend().job(name)->result.is_null()) << status << ": reported again";
    }
}

TEST_F(Hyprbox, AResultThatIsNotDeliveredOutlivesTheAgent) {
    const PinnedJob job{.name = "late", .script = "echo late\n"};
    pin(job);
    start_enrolled();
    backend().misbehave({.path = "/api/jobs/late-1/", .status = 503});
    queue({.dialect = "hyprbox", .target = "node-7", .script = job.script, .id = "late-1"});
    ASSERT_TRUE(wait_for_audit("job-ended"));
    stop(SIGKILL);  // a stop in peace would wait a while for the backend
    backend().behave();
    start();
    EXPECT_EQ(result_of("late-1")["exitCode"], 0);
    EXPECT_EQ(audit("job-started").size(), 1U) << "it ran once";
}

}  // namespace
}  // namespace bulkhead::test
