// The host went down amid a job's output, and the disk has less than was known to be there.
#include <csignal>
#include <filesystem>

#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

class PowerCut : public Pair {
  protected:
    // Of a job that has printed 60,000 octets, none of which the backend has, everything is dead.
    void cut_power(const std::string& id) {
        const PinnedJob job{.name = "cut",
                            .script = "head -c 60000 /dev/zero | tr '\\0' x\nsleep 600\n"};
        pin(job);
        pin(after_);
        start_enrolled();
        backend().misbehave({.path = "/v1/jobs/" + id + "/output", .status = 503});
        queue({.script = job.script, .id = id});
        const auto known = [&] { return status().find("\"stdout_bytes\":60000") != status().npos; };
        ASSERT_TRUE(eventually(known, kPatience));
        stop(SIGKILL);
        backend().behave();
    }
    std::string spooled(std::string_view file) {
        return place() / ("state/workers/bulkhead/spool/1/" + std::string(file));
    }
    void expect_the_next_job_to_run() {
        EXPECT_EQ(run_job({.script = after_.script})["outcome"], "finished");
        EXPECT_EQ(audit("worker-started").size(), 2U) << "once for each broker";
    }

    const PinnedJob after_{.name = "after", .script = "echo after\n"};
};

TEST_F(PowerCut, WhatTheDiskDidNotGetIsReportedAsDropped) {
    cut_power("short");
    fs::resize_file(spooled("stdout"), 10'000);
    start();
    const auto result = result_of("short");
    EXPECT_EQ(result["outcome"], "interrupted");
    EXPECT_EQ(result["stdout"]["bytes"], 60'000);
    EXPECT_EQ(result["stdout"]["dropped"], 50'000);
    EXPECT_EQ(result["complete"], false);
    EXPECT_EQ(result["incomplete"], "output-lost");
    EXPECT_EQ(backend().standard_output("short"), std::string(10'000, 'x'));
    expect_the_next_job_to_run();
}

TEST_F(PowerCut, AJobWhoseFilesAreGoneIsStillReported) {
    cut_power("gone");
    fs::remove(spooled("stderr"));
    start();
    const auto result = result_of("gone");
    EXPECT_EQ(result["outcome"], "interrupted");
    EXPECT_EQ(result["incomplete"], "output-lost");
    expect_the_next_job_to_run();
}

}  // namespace
}  // namespace bulkhead::test
