// The agent where files of /proc or the tree of control groups are not the host's own: in
// containers.

#include "common/sandbox/landlock.hpp"
#include "tests/pair/pair.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {
namespace {

struct Containers : Pair {
    // In a mount namespace of its own, after these shell commands.
    void start_after(const std::string& commands, std::vector<std::string> under = {}) {
        std::vector<std::string> words{
            "/usr/bin/unshare",         "-m", "--propagation", "private", "/bin/sh", "-ec",
            commands + "\nexec \"$@\"", "sh"};
        words.insert(words.end(), under.begin(), under.end());
        start_under(std::move(words));
    }
    static bool lacks(const json& beat, std::string_view wall) {
        const auto& missing = beat["confinement"]["missing"];
        return std::find(missing.begin(), missing.end(), wall) != missing.end();
    }
    // As lxcfs does it: files mounted over those of /proc.
    std::string mount_container_figures() {
        place().write("meminfo",
                      "MemTotal: 1048576 kB\nMemFree: 500000 kB\nMemAvailable: 524288 kB\n"
                      "Buffers: 0 kB\nCached: 2700 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
        place().write("uptime", "123.45 100.00\n");
        place().write("loadavg", "0.11 0.22 0.33 1/2 3\n");
        place().write("stat",
                      "cpu  10 0 10 1000 0 0 0 0 0 0\ncpu0 10 0 10 1000 0 0 0 0 0 0\n"
                      "btime 1790000000\n");
        std::string commands;
        for (const std::string name : {"meminfo", "uptime", "loadavg", "stat"}) {
            commands += "mount --bind " + (place() / name) + " /proc/" + name + "\n";
        }
        return commands;
    }
    void expect_container_figures(const json& beat) {
        const auto& metrics = beat["metrics"];
        EXPECT_EQ(metrics["memory"]["total_bytes"], 1'048'576LL * 1024);
        EXPECT_EQ(metrics["memory"]["available_bytes"], 524'288LL * 1024);
        EXPECT_EQ(metrics["uptime_seconds"], 123);
        EXPECT_EQ(metrics["load"], (json{0.11, 0.22, 0.33}));
        EXPECT_FALSE(metrics.contains("cpu_percent")) << "its counters stand still";
        EXPECT_EQ(beat["system"]["memory_total_bytes"], 1'048'576LL * 1024);
        EXPECT_EQ(beat["system"]["cpu_count"], 1);
    }
};

TEST_F(Containers, FiguresAreThoseThatAreMountedOverProcWithAndWithoutAViewOfItsOwn) {
    const auto commands = mount_container_figures();
    start_after(commands);
    ASSERT_TRUE(wait_for_heartbeats(1)) << log();
    const auto confined = heartbeats().front();
    expect_container_figures(confined);
    EXPECT_EQ(stop(), 0);
    const auto seen = heartbeats().size();
    const auto no_view = std::to_string(ENOSYS);
    start_after(commands, {BULKHEAD_LIE, "mount_setattr", "any", no_view});
    ASSERT_TRUE(eventually([&] { return heartbeats().size() > seen; }, kPatience)) << log();
    const auto bare = heartbeats()[seen];
    ASSERT_TRUE(lacks(bare, "worker-view"));
    EXPECT_FALSE(lacks(confined, "worker-view"));
    expect_container_figures(bare);
    EXPECT_EQ(stop(), 0);
}

TEST_F(Containers, WithoutFilesOfProcTheAgentRunsAndLeavesTheFiguresOut) {
    std::string commands;
    for (const std::string name : {"meminfo", "stat", "uptime", "loadavg"}) {
        commands += "mount --bind /dev/null /proc/" + name + "\n";
    }
    start_after(commands);
    ASSERT_TRUE(wait_for_heartbeats(1)) << log();
    const auto beat = heartbeats().front();
    for (const auto* name : {"memory", "uptime_seconds", "load", "cpu_percent"}) {
        EXPECT_FALSE(beat["metrics"].contains(name)) << name;
    }
    EXPECT_TRUE(beat["metrics"].contains("disk"));
    EXPECT_FALSE(beat["system"].contains("memory_total_bytes"));
    EXPECT_GE(beat["system"]["cpu_count"], 1);
    EXPECT_EQ(stop(), 0);
}

TEST_F(Containers, WithoutCgroup2TheAgentReportsAndRefusesJobsWithTheReason) {
    if (sandbox::landlock_abi() < 4) GTEST_SKIP() << "needs Landlock for ports, as egress is gone";
    pin({.name = "hello", .script = "echo hello\n"});
    start_after(
        "for place in $(awk '$3 == \"cgroup2\" {print $2}' /proc/mounts); do\n"
        "  umount -l \"$place\"\ndone");
    ASSERT_TRUE(wait_for_heartbeats(1)) << log();
    const auto beat = heartbeats().front();
    for (const auto* wall : {"cgroup-memory", "cgroup-pids", "cgroup-cpu", "egress"}) {
        EXPECT_TRUE(lacks(beat, wall)) << wall;
    }
    EXPECT_NE(beat["confinement"]["missing"].dump().find("profile test: no cgroup2"),
              std::string::npos)
        << beat["confinement"];
    const auto result = run_job({.script = "echo hello\n"});
    EXPECT_EQ(result["outcome"], "refused");
    EXPECT_EQ(result["reason"], "profile-unusable");
    EXPECT_EQ(result["detail"], "no cgroup2 file system is mounted, so no job can be contained");
    EXPECT_EQ(stop(), 0);
}

// What policy requires is required here, too.
TEST_F(Containers, WithoutCgroup2NothingStartsIfPolicyRequiresWhatRestsOnIt) {
    place().append("policy/host.policy", "require egress  # test\n");
    start_after(
        "for place in $(awk '$3 == \"cgroup2\" {print $2}' /proc/mounts); do\n"
        "  umount -l \"$place\"\ndone");
    EXPECT_EQ(stop(0), 2);
    EXPECT_NE(log().find("this host lacks the required egress"), std::string::npos) << log();
}

// As an unprivileged container sees it.
TEST_F(Containers, OnACgroup2ThatCannotBeWrittenItIsTheSame) {
    if (sandbox::landlock_abi() < 4) GTEST_SKIP() << "needs Landlock for ports, as egress is gone";
    start_after(
        "for place in $(awk '$3 == \"cgroup2\" {print $2}' /proc/mounts); do\n"
        "  mount -o remount,bind,ro \"$place\"\ndone");
    ASSERT_TRUE(wait_for_heartbeats(1)) << log();
    const auto beat = heartbeats().front();
    EXPECT_TRUE(lacks(beat, "cgroup-pids"));
    EXPECT_NE(beat["confinement"]["missing"].dump().find("Read-only file system, so no job"),
              std::string::npos)
        << beat["confinement"];
    EXPECT_EQ(stop(), 0);
}

}  // namespace
}  // namespace bulkhead::test
