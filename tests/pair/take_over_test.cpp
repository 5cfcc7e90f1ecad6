// The state of 0.1, whose one worker had all backends in one directory: taken over, and given back.
#include <sys/stat.h>

#include <filesystem>

#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

class TakeOver : public Pair {
  protected:
    TakeOver() : Pair({.tls = false, .install_tokens = {"token-of-one"}, .heartbeat_seconds = 1}) {}

    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped()) return;
        ASSERT_TRUE(other_.start());
        place().write("agent.yaml", configuration());  // now that it has a port
        place().append(
            "policy/profiles/worker.profile",
            "connect 127.0.0.1 " + std::to_string(other_.port()) + "  # the other one\n");
        pin({.name = "speaks", .script = script(), .params = {{"word", "text:32:a-z0-9-"}}});
    }
    std::string configuration() override {
        return "heartbeat_interval: 1s\nbackends:\n  - name: one\n    url: " + backend().url() +
               "\n    install_token: token-of-one\n  - name: two\n    url: " + other_.url() +
               "\n    install_token: token-of-two\n";
    }
    void start_both() {
        start();
        const auto beats = [](const State& state) { return state.heartbeats_ever > 0; };
        ASSERT_TRUE(backend().wait_for(beats, kPatience)) << log();
        ASSERT_TRUE(other_.wait_for(beats, kPatience)) << log();
    }
    // Five jobs that have run and of which no backend knows.
    void leave_five_unreported() {
        for (auto* one : {&backend(), &other_}) {
            one->misbehave({.path = "/v1/jobs/", .method = "POST", .status = 503});
        }
        for (const auto& [one, id] : jobs()) {
            ASSERT_TRUE(one->queue_job({.script = script(), .params = {{"word", id}}, .id = id}));
        }
        ASSERT_TRUE(wait_for_audit("job-ended", 5)) << log();
        for (const auto& [one, id] : jobs()) {
            ASSERT_TRUE(eventually([&] { return !one->standard_output(id).empty(); }, kPatience));
        }
        EXPECT_EQ(stop(SIGKILL), 128 + SIGKILL);
        for (auto* one : {&backend(), &other_}) one->behave();
    }
    void expect_all_reported_once() {
        for (const auto& [one, id] : jobs()) {
            ASSERT_TRUE(one->wait_for_result(id, kPatience)) << id << log();
            EXPECT_EQ(one->job(id)->result["outcome"], "finished") << id;
            EXPECT_EQ(one->standard_output(id), "says " + id + "\n");
        }
        EXPECT_EQ(lines_in_scratch("runs"), 5U) << "a job ran again";
        EXPECT_EQ(backend().enrolments().size(), 1U);
        EXPECT_EQ(other_.enrolments().size(), 1U);
    }
    std::vector<std::pair<reference::ReferenceBackend*, std::string>> jobs() {
        return {{&backend(), "a-1"},
                {&backend(), "a-2"},
                {&backend(), "a-3"},
                {&other_, "b-1"},
                {&other_, "b-2"}};
    }
    // As 0.1 knew it: no word of slots.
    void go_back() {
        const auto done = run(command({"--migrate-back"}));
        ASSERT_EQ(done.code, 0) << done.output;
        EXPECT_EQ(done.output, "The state of all workers is where 0.1 looks for it.\n");
        EXPECT_TRUE(fs::is_empty(place() / "state/workers"));
        fs::remove(place() / "state/workers");
        fs::remove(place() / "state/broker/slots");
    }

    std::string script() {
        return "echo says $JOB_P_word\necho ran >> " + place().scratch() + "/runs\n";
    }
    reference::ReferenceBackend other_{
        {.tls = false, .install_tokens = {"token-of-two"}, .heartbeat_seconds = 1}};
};

TEST_F(TakeOver, FiveUnreportedJobsAndTwoIdentitiesComeAlong) {
    ASSERT_NO_FATAL_FAILURE(start_both());
    ASSERT_NO_FATAL_FAILURE(leave_five_unreported());
    ASSERT_NO_FATAL_FAILURE(go_back());
    for (const auto* name : {"credentials/one.credential", "credentials/two.credential"}) {
        struct stat info {};
        ASSERT_EQ(::stat((place() / ("state/worker/" + std::string(name))).c_str(), &info), 0);
        EXPECT_EQ(info.st_uid, kFirstWorker);
    }
    EXPECT_EQ(std::distance(fs::directory_iterator(place() / "state/worker/spool"),
                            fs::directory_iterator()),
              5);

    start();
    expect_all_reported_once();
    EXPECT_FALSE(place().exists("state/worker"));
    EXPECT_TRUE(place().exists("state/workers/one/credentials/one.credential"));
    EXPECT_TRUE(place().exists("state/workers/two/credentials/two.credential"));
    EXPECT_FALSE(place().exists("state/workers/one/credentials/two.credential"));
    EXPECT_EQ(log().find("old-worker-state"), std::string::npos) << "nothing is left to be told";
}

TEST_F(TakeOver, WhatSomebodyHidThereIsToldAndNotFatal) {
    ASSERT_NO_FATAL_FAILURE(start_both());
    ASSERT_NO_FATAL_FAILURE(leave_five_unreported());
    ASSERT_NO_FATAL_FAILURE(go_back());
    fs::create_directory_symlink("/etc", place() / "state/worker/more");
    start();
    expect_all_reported_once();
    EXPECT_TRUE(wait_for_log("worker keeps what is of no backend"));
    EXPECT_TRUE(fs::is_symlink(place() / "state/worker/more"));
}

TEST_F(TakeOver, TheWayBackIsNotForARunningBroker) {
    ASSERT_NO_FATAL_FAILURE(start_both());
    const auto done = run(command({"--migrate-back"}));
    EXPECT_EQ(done.code, 1);
    EXPECT_NE(done.output.find("is another broker running?"), std::string::npos) << done.output;
    EXPECT_TRUE(place().exists("state/workers/one/credentials/one.credential"));
}

}  // namespace
}  // namespace bulkhead::test
