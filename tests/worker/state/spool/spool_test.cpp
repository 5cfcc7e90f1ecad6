#include "worker/state/spool/spool.hpp"

#include <gtest/gtest.h>

#include "common/base/strong.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

const SpoolLabel kLabel{
    .backend = "fleet", .delivery_id = {"d\n1"}, .job_id = {"j"}, .output_max = 1_MiB};

std::vector<std::string> problems_of(const Spool& spool) {
    std::vector<std::string> texts;
    for (const auto& problem : spool.problems()) texts.push_back(problem.what);
    return texts;
}

TEST(Spool, FindsItsJobsAfterARestart) {
    const test::TempDir state;
    {
        auto spool = Spool::open(state.open()).value();
        for (const std::uint64_t number : {10, 9, 8}) {
            ASSERT_TRUE(spool.create(JobNumber{number}, kLabel));
        }
        ASSERT_TRUE(spool.remove(JobNumber{8}));
    }
    const auto spool = Spool::open(state.open()).value();
    ASSERT_EQ(spool.jobs().size(), 2U);
    const auto& nine = *spool.jobs()[0];
    EXPECT_EQ(nine.number(), JobNumber{9});
    EXPECT_EQ(nine.label().backend, "fleet");
    EXPECT_EQ(nine.label().delivery_id.value, "d\n1");
    EXPECT_EQ(nine.label().job_id.value, "j");
    EXPECT_EQ(nine.label().output_max, 1_MiB);
    EXPECT_EQ(spool.find(JobNumber{8}), nullptr);
    EXPECT_EQ(problems_of(spool), std::vector<std::string>{});
}

TEST(Spool, RefusesAJobThatExists) {
    const test::TempDir state;
    auto spool = Spool::open(state.open()).value();
    ASSERT_TRUE(spool.create(JobNumber{1}, kLabel));
    EXPECT_EQ(spool.create(JobNumber{1}, kLabel).error().what, "spool/1: exists");
}

TEST(Spool, RemovesWhatAWorkerDiedMaking) {
    const auto state = test::tree({{"spool/5/stdout", ""}, {"spool/6/meta", "x"}});
    const auto spool = Spool::open(state).value();
    EXPECT_TRUE(spool.jobs().empty());
    EXPECT_EQ(problems_of(spool), std::vector<std::string>{});
    const auto left = state.open().open_dir("spool").value().list().value();
    EXPECT_TRUE(left.empty());
}

TEST(Spool, NamesWhatItCannotUseAndGoesOn) {
    const test::Tree state = test::tree({{"spool/README", ""}, {"spool/007/x", ""}});
    {
        auto spool = Spool::open(state).value();
        EXPECT_EQ(problems_of(spool),
                  (std::vector<std::string>{"spool/007: not a job's, removed",
                                            "spool/README: not a job's, removed"}));
        ASSERT_TRUE(spool.create(JobNumber{3}, kLabel));
        ASSERT_TRUE(spool.create(JobNumber{4}, kLabel));
    }
    state.remove("spool/3/checkpoint");
    auto spool = Spool::open(state).value();
    EXPECT_EQ(problems_of(spool),
              std::vector<std::string>{"spool/3: open checkpoint: No such file or directory"});
    EXPECT_EQ(spool.jobs().size(), 1U);
}

TEST(Spool, MakesAJobAnewWhoseFilesCannotBeUsed) {
    const test::Tree state = test::tree({});
    {
        auto spool = Spool::open(state).value();
        ASSERT_TRUE(spool.create(JobNumber{3}, kLabel));
    }
    state.remove("spool/3/stderr");
    {
        auto spool = Spool::open(state).value();
        ASSERT_EQ(spool.problems().size(), 1U);
        ASSERT_TRUE(spool.create(JobNumber{3}, kLabel));
    }
    const auto spool = Spool::open(state).value();
    EXPECT_EQ(problems_of(spool), std::vector<std::string>{});
    EXPECT_NE(spool.find(JobNumber{3}), nullptr);
}

TEST(Spool, RefusesLimitsUnderWhichAJobCouldNotMove) {
    const test::TempDir state;
    EXPECT_FALSE(Spool::open(state.open(), {.job_bytes = 1_MiB - 1, .total_bytes = 8_MiB}));
    EXPECT_FALSE(Spool::open(state.open(), {.job_bytes = 2_MiB, .total_bytes = 1_MiB}));
}

TEST(Spool, RefusesALabelThatDoesNotFit) {
    const test::TempDir state;
    auto spool = Spool::open(state.open()).value();
    EXPECT_FALSE(spool.create(JobNumber{1}, {.delivery_id = {std::string(32_KiB, 'd')}}));
    EXPECT_EQ(spool.find(JobNumber{1}), nullptr);
    EXPECT_TRUE(spool.create(JobNumber{1}, kLabel));
}

}  // namespace
}  // namespace bulkhead::worker
