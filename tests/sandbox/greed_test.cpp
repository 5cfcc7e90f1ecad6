// More memory, processes and processor time than a profile grants: what holds on this host, the
// cgroup's controllers or, without them, the limits of the single process.
#include <sstream>

#include "tests/sandbox/sandbox.hpp"
#include "tests/support/files.hpp"
#include "tests/support/layers.hpp"

namespace bulkhead::test {
namespace {

// "name value" of a flat file such as cpu.stat; 0 without it.
long value_of(const std::string& text, const std::string& name) {
    std::istringstream words(text);
    std::string key;
    long value = 0;
    while (words >> key >> value) {
        if (key == name) return value;
    }
    return 0;
}

struct Greed : Sandbox {
    void begin(const std::string& profile, const std::string& arguments) {
        pin({.name = "greedy", .script = playing(arguments), .profile = profile, .timeout = 300s});
        start_enrolled();
        id = queue({.script = playing(arguments)});
    }
    void record(const char* layer, const char* profile, const char* tried,
                const std::string& answer) {
        record_layer(layer, std::string("job ") + profile, tried, answer);
    }
    std::string id;
};

// Half again as much as profile inspect grants.
const std::string kTooMuch = "--eat " + std::to_string(768 << 20);

TEST_F(Greed, MemoryBeyondTheLimitIsToldAsSuch) {
    begin("inspect", kTooMuch);
    const auto result = ended(id);
    if (missing("cgroup-memory")) {
        record("rlimits", "inspect", "768 MiB of memory", "ENOMEM");
        EXPECT_EQ(backend().standard_output(id), "ENOMEM\n") << "the process has a limit at least";
        record("cgroup", "inspect", "768 MiB of memory",
               "skipped: no memory controller is offered");
        GTEST_SKIP()
            << "the rest needs the memory controller of cgroup v2, which is not offered here";
    }
    EXPECT_EQ(result["oom_killed"], true) << result.dump();
    EXPECT_EQ(result["outcome"], "finished");
    EXPECT_EQ(result["signal"], SIGKILL);
    EXPECT_LE(result["max_rss_bytes"], 512 << 20);
    record("cgroup", "inspect", "768 MiB of memory", "SIGKILL, told as oom");
}

TEST_F(Greed, WithinTheLimitMemoryIsThere) {
    begin("inspect", "--eat " + std::to_string(128 << 20));
    const auto result = ended(id);
    EXPECT_EQ(backend().standard_output(id), "ok\n");
    EXPECT_EQ(result["oom_killed"], false);
    EXPECT_GE(result["max_rss_bytes"], 128 << 20);
}

TEST_F(Greed, ProcessesBeyondTheLimitAreRefused) {
    begin("inspect", "--fork-until-refused");
    const auto result = ended(id);
    std::istringstream said(backend().standard_output(id));
    int started = 0;
    std::string why;
    said >> started >> why;
    EXPECT_EQ(why, "EAGAIN") << started;
    EXPECT_LE(started, 64);
    if (missing("cgroup-pids")) {
        record("rlimits", "inspect", "65 processes", why);
        record("cgroup", "inspect", "65 processes", "skipped: no pids controller is offered");
        GTEST_SKIP()
            << "the rest needs the pids controller of cgroup v2, which is not offered here";
    }
    // Before it are an init, the shell and the program itself.
    EXPECT_EQ(started, 64 - 3);
    record("cgroup", "inspect", "65 processes", why + " at the 65th");
}

TEST_F(Greed, ProcessorTimeIsRationed) {
    const std::string script = "timeout 4 " + playing("--spin 2");
    pin({.name = "busy", .script = script, .profile = "inspect", .timeout = 300s});
    start_enrolled();
    if (missing("cgroup-cpu")) {
        record("cgroup", "inspect", "two busy processes", "skipped: no cpu controller is offered");
        GTEST_SKIP() << "needs the cpu controller of cgroup v2, which is not offered here";
    }
    id = queue({.script = script});
    long throttled = 0;
    const auto held_back = [&] {
        throttled = std::max(throttled, value_of(of_cgroup("cpu.stat"), "nr_throttled"));
        return throttled > 3;
    };
    EXPECT_TRUE(eventually(held_back, kLongPatience));
    const auto result = ended(id);
    const auto share = result["cpu_ms"].get<double>() / result["wall_ms"].get<double>();
    EXPECT_LE(share, 0.65) << "half a processor, and a period's tolerance: " << result.dump();
    char text[80];
    std::snprintf(text, sizeof text, "throttled, %.2f processors of 0.5", share);
    record("cgroup", "inspect", "two busy processes", text);
}

TEST_F(Greed, EveryProfilesLimitsStandInItsCgroup) {
    struct Limits {
        const char *profile, *memory, *pids, *cpu;
    };
    const std::array<Limits, 3> all{{{"inspect", "536870912\n", "64\n", "50000 100000\n"},
                                     {"maintain", "1073741824\n", "128\n", "100000 100000\n"},
                                     {"admin", "2147483648\n", "512\n", "200000 100000\n"}}};
    const auto script = [](const Limits& one) {
        return std::string("echo begun\nsleep 300 # ") + one.profile + "\n";
    };
    for (const auto& one : all) {
        pin({.name = std::string("waits-") + one.profile,
             .script = script(one),
             .profile = one.profile,
             .timeout = 300s});
    }
    start_enrolled();
    for (const char* controller : {"cgroup-memory", "cgroup-pids", "cgroup-cpu"}) {
        if (!missing(controller)) continue;
        record("cgroup", "of each profile", "limits", "skipped: a controller is not offered");
        GTEST_SKIP() << "not offered here: " << controller;
    }
    for (const auto& one : all) {
        const auto job = queue({.script = script(one)});
        // The limits are set before the first process is there.
        ASSERT_TRUE(eventually([&] { return !of_cgroup("cgroup.procs").empty(); }, kLongPatience));
        EXPECT_EQ(of_cgroup("memory.max"), one.memory) << one.profile;
        EXPECT_EQ(of_cgroup("memory.swap.max"), "0\n") << one.profile;
        EXPECT_EQ(of_cgroup("memory.oom.group"), "1\n") << one.profile;
        EXPECT_EQ(of_cgroup("pids.max"), one.pids) << one.profile;
        EXPECT_EQ(of_cgroup("cpu.max"), one.cpu) << one.profile;
        record("cgroup", one.profile, "memory, pids, cpu", "set as the profile says");
        // A cancel before its first line is told as a start that failed.
        ASSERT_TRUE(
            eventually([&] { return backend().standard_output(job) == "begun\n"; }, kLongPatience));
        ASSERT_TRUE(backend().cancel_job(job));
        EXPECT_EQ(ended(job)["outcome"], "cancelled");
        ASSERT_TRUE(eventually([&] { return of_cgroup("pids.max").empty(); }, kLongPatience));
    }
}

TEST_F(Greed, TheWorkersMemoryThreadsAndProcessorAreLimited) {
    start_enrolled();
    if (missing("cgroup-memory") || missing("cgroup-pids") || missing("cgroup-cpu")) {
        GTEST_SKIP() << "needs the memory, pids and cpu controllers of cgroup v2";
    }
    const auto worker = place().cgroup() + "/worker-bulkhead/";
    EXPECT_EQ(content_of(worker + "cgroup.procs"), std::to_string(worker_pid()) + "\n");
    EXPECT_EQ(content_of(worker + "memory.max"), std::to_string(256_MiB) + "\n");
    EXPECT_EQ(content_of(worker + "memory.swap.max"), "0\n");
    EXPECT_EQ(content_of(worker + "pids.max"), "128\n");
    EXPECT_EQ(content_of(worker + "cpu.max"), "100000 100000\n");
}

}  // namespace
}  // namespace bulkhead::test
