// The hyprbox dialect with nothing simulated on the host's side.
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

// The claim is atomic, so a job that is refused must be completed or it would hang.
TEST_F(Hyprbox, ARefusedJobIsCompletedWithItsReason) {
    start_enrolled();
    const auto result = result_of(queue_script("echo nobody approved this\n"));
    EXPECT_EQ(result["status"], "FAILED");
    EXPECT_NE(result["exitCode"], 0);
    EXPECT_NE(result["errorMsg"].get<std::string>().find("not-approved"), std::string::npos)
        << result;
}

}  // namespace
}  // namespace bulkhead::test
