// A job over its time: SIGTERM, ten seconds of grace, then the whole tree. Slow because of those.
#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

constexpr auto kGraceMilliseconds = 10'000;

class Timeout : public Pair, public testing::WithParamInterface<const char*> {};

// Ignores SIGTERM, and so does a grandchild that left its session and its parent.
constexpr const char* kStubborn =
    "trap '' TERM\n"
    "(setsid sh -c 'trap \"\" TERM; while :; do sleep 0.1; done' >/dev/null 2>&1 &)\n"
    "echo begun\nwhile :; do sleep 0.1; done\n";

TEST_P(Timeout, AStubbornTreeIsKilledWholeAfterItsGrace) {
    const PinnedJob job{.name = "stubborn",
                        .script = kStubborn,
                        .profile = GetParam(),
                        .timeout = std::chrono::seconds(1)};
    pin(job);
    start_enrolled();
    const auto id = queue({.script = job.script});
    ASSERT_TRUE(wait_for_output(id, "begun\n"));
    EXPECT_TRUE(eventually([&] { return place().job_processes().size() >= 2; }, kPatience));
    const auto result = result_of(id);
    EXPECT_EQ(result["outcome"], "timed_out");
    EXPECT_EQ(result["signal"], 9);
    EXPECT_GE(result["wall_ms"], 1'000 + kGraceMilliseconds);
    EXPECT_LT(result["wall_ms"], 1'000 + kGraceMilliseconds + 10'000);
    EXPECT_TRUE(place().job_processes().empty());
}

INSTANTIATE_TEST_SUITE_P(Profile, Timeout, testing::Values("test", "loose"),
                         [](const auto& each) { return std::string(each.param); });

TEST_F(Pair, AJobThatHeedsSigtermKeepsItsOutput) {
    const PinnedJob job{.name = "heeding",
                        .script =
                            "trap 'echo told; exit 7' TERM\necho begun\n"
                            "while :; do sleep 0.02; done\n",
                        .timeout = std::chrono::seconds(1)};
    pin(job);
    start_enrolled();
    const auto id = queue({.script = job.script});
    const auto result = result_of(id);
    EXPECT_EQ(result["outcome"], "timed_out");
    EXPECT_EQ(backend().standard_output(id), "begun\ntold\n");
    EXPECT_LT(result["wall_ms"], 1'000 + kGraceMilliseconds);
}

TEST_F(Pair, WhatAJobLeavesBehindGoesWithIt) {
    const PinnedJob job{.name = "leaver",
                        .script =
                            "(setsid sh -c 'while :; do sleep 0.1; done' >/dev/null 2>&1 &)\n"
                            "echo leaving\n",
                        .profile = "loose"};
    pin(job);
    start_enrolled();
    const auto result = run_job({.script = job.script});
    EXPECT_EQ(result["outcome"], "finished");
    EXPECT_EQ(result["exit_code"], 0);
    EXPECT_TRUE(place().job_processes().empty());
}

}  // namespace
}  // namespace bulkhead::test
