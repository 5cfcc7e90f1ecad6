// What an operator can stop on the host: one job, and all that are to come.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

using ::testing::HasSubstr;

class Brakes : public Pair {
  protected:
    Finished bulkhead(std::vector<std::string> words, bool log = false) {
        words.insert(words.begin(), BULKHEAD_CLI);
        words.insert(words.end(), {"--state", place() / "state"});
        if (log) words.insert(words.end(), {"--log-dir", place() / "log"});
        return run(words);
    }
    json jobs() {
        const auto answer = run({BULKHEAD_CLI, "jobs", "--json", "--state", place() / "state",
                                 "--log-dir", place() / "log"});
        EXPECT_EQ(answer.code, 0) << answer.output;
        return json::parse(answer.output, nullptr, false);
    }
    bool told(const char* part) { return status().contains(part); }
};

TEST_F(Brakes, OneJobIsStoppedAndTheOtherGoesOn) {
    const PinnedJob one{.name = "one", .script = "echo one; sleep 600\n", .timeout = 900s};
    const PinnedJob other{.name = "other", .script = "echo other; sleep 600\n", .timeout = 900s};
    pin(one);
    pin(other);
    start_enrolled();
    const auto first = queue({.script = one.script});
    ASSERT_TRUE(wait_for_output(first, "one\n"));
    const auto second = queue({.script = other.script});
    ASSERT_TRUE(wait_for_output(second, "other\n"));
    const auto running = jobs();
    ASSERT_EQ(running.size(), 2U) << running.dump(2);
    EXPECT_EQ(running[0]["state"], "running");
    EXPECT_EQ(running[0]["job"], "one");
    EXPECT_EQ(running[1]["profile"], "test");

    const auto number = std::to_string(running[0]["number"].get<int>());
    const auto began = std::chrono::steady_clock::now();
    const auto asked = bulkhead({"stop-job", number, "--reason", "it hurts"}, true);
    EXPECT_EQ(asked.code, 0) << asked.output;
    const auto result = result_of(first);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 10s) << "by SIGTERM, and at once";
    EXPECT_EQ(result["outcome"], "cancelled");
    EXPECT_EQ(result["reason"], "stopped-by-operator");
    EXPECT_THAT(result["detail"].get<std::string>(), HasSubstr("it hurts"));
    const auto event = last_audit("job-stop-requested");
    EXPECT_EQ(event["reason"], "it hurts");
    EXPECT_EQ(event["runs"], true);
    EXPECT_EQ(last_audit("job-ended")["reason"], "stopped-by-operator");
    EXPECT_TRUE(eventually([&] { return jobs()[0]["state"] == "cancelled, stopped-by-operator"; },
                           kPatience));
    EXPECT_EQ(jobs()[1]["state"], "running");

    const auto again = bulkhead({"stop-job", number}, true);
    EXPECT_EQ(again.code, 1);
    EXPECT_THAT(again.output, HasSubstr("ended at"));
    EXPECT_EQ(bulkhead({"stop-job", "77"}, true).code, 1);
    EXPECT_EQ(bulkhead({"stop-job", "one"}, true).code, 2);
    place().write("state/broker/requests/stop-job.nonsense", "");
    EXPECT_TRUE(wait_for_audit("job-stop-requested", 2)) << "what makes no sense is told, and goes";
    EXPECT_EQ(last_audit("job-stop-requested")["runs"], false);
    EXPECT_FALSE(place().exists("state/broker/requests/stop-job.nonsense"));
}

TEST_F(Brakes, ARequestWhileNoAgentRunsIsSaidToBeInVain) {
    start_enrolled();
    EXPECT_EQ(stop(), 0);
    const std::string none = place() / "none";
    std::filesystem::create_directory(none);
    const auto asked =
        run({BULKHEAD_CLI, "stop-job", "1", "--state", place() / "state", "--log-dir", none});
    EXPECT_EQ(asked.code, 1);
    EXPECT_THAT(asked.output, HasSubstr("is it running?"));
    EXPECT_FALSE(place().exists("state/broker/requests/stop-job.1"));
}

TEST_F(Brakes, SuspendedJobsAreSeenInStatusAndHeartbeatUntilTheyAreResumed) {
    const PinnedJob job{.name = "later", .script = "echo later\n"};
    pin(job);
    start_enrolled();
    const auto suspended = bulkhead({"suspend-jobs", "--reason", "maintenance tonight"});
    EXPECT_EQ(suspended.code, 0) << suspended.output;
    EXPECT_EQ(last_audit("intake-suspended")["reason"], "by an operator: maintenance tonight");
    EXPECT_TRUE(wait_for_status("maintenance tonight"));
    EXPECT_TRUE(told("intake-suspended"));
    EXPECT_EQ(run_job({.script = job.script})["reason"], "intake-suspended");
    EXPECT_TRUE(eventually(
        [&] { return json(heartbeats()).dump().contains("maintenance tonight"); }, kPatience));
    EXPECT_EQ(bulkhead({"resume-jobs"}).code, 0);
    EXPECT_TRUE(wait_for_audit("intake-resumed"));
    EXPECT_TRUE(eventually([&] { return !told("intake-suspended"); }, kPatience));
    EXPECT_EQ(run_job({.script = job.script})["outcome"], "finished");
}

TEST_F(Brakes, JobsDisabledIsSeenAndNotLiftedByResuming) {
    start_enrolled();
    place().write("policy/jobs.disabled", "");
    EXPECT_TRUE(wait_for_status("jobs.disabled in"));
    EXPECT_EQ(bulkhead({"suspend-jobs"}).code, 0);
    const auto resumed = bulkhead({"resume-jobs", "--policy", place() / "policy"});
    EXPECT_EQ(resumed.code, 1);
    EXPECT_THAT(resumed.output, HasSubstr("is not lifted by this command"));
    EXPECT_TRUE(told("jobs.disabled in"));
    place().remove("policy/jobs.disabled");
    EXPECT_TRUE(eventually([&] { return !told("intake-suspended"); }, kPatience));
}

// Another than root can neither ask nor see.
TEST_F(Brakes, AreForRootAlone) {
    start_enrolled();
    for (const auto* word : {"suspend-jobs", "resume-jobs"}) {
        const auto refused = run({"/usr/bin/setpriv", "--reuid=65534", "--clear-groups",
                                  BULKHEAD_CLI, word, "--state", place() / "state"});
        EXPECT_EQ(refused.code, 1);
        EXPECT_THAT(refused.output, HasSubstr("only root may"));
    }
    const auto refused =
        run({"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", BULKHEAD_CLI,
             "stop-job", "1", "--state", place() / "state", "--log-dir", place() / "log"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.output, HasSubstr("only root may"));
}

}  // namespace
}  // namespace bulkhead::test
