#include "worker/host/system/system_info.hpp"

#include <gtest/gtest.h>
#include <sys/utsname.h>

#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

constexpr std::string_view kStat =
    "cpu  4 0 0 0 0 0 0 0 0 0\ncpu0 1 0 0\ncpu1 1 0 0\ncpu11 2 0 0\n"
    "intr 5 0 1\nctxt 9\nbtime 1790000000\nprocesses 7\n";

TEST(SystemInfo, IsReadFromBothTrees) {
    const auto root = test::tree({{"usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n"},
                                  {"etc/debian_version", "12.11\n"}});
    const auto proc = test::tree({{"stat", kStat}, {"meminfo", "MemTotal: 8000 kB\n"}});
    const auto info = read_system_info(root, ProcFiles(proc));
    ASSERT_OK(info);
    EXPECT_EQ(info->os.id, "debian");
    EXPECT_EQ(info->os.version_id, "12");
    EXPECT_EQ(info->platform.name, "debian");
    EXPECT_EQ(info->platform.version, "12.11");
    EXPECT_EQ(info->cpu_count, 3U);
    EXPECT_EQ(info->memory_total_bytes, 8000U * 1024);
    EXPECT_EQ(format_utc(info->boot_time), "2026-09-21T14:13:20Z");
}

TEST(SystemInfo, PrefersTheAdministratorsOsReleaseAndFollowsItsLink) {
    const auto root = test::tree(
        {{"usr/lib/os-release", "ID=vendor\n"}, {"etc/os-release", "ID=administrator\n"}});
    const auto proc = test::tree({{"stat", kStat}, {"meminfo", "MemTotal: 8000 kB\n"}});
    EXPECT_EQ(read_system_info(root, ProcFiles(proc)).value().os.id, "administrator");
    root.remove("etc/os-release");
    root.link("etc/os-release", "../usr/lib/os-release");
    EXPECT_EQ(read_system_info(root, ProcFiles(proc)).value().os.id, "vendor");
}

// As with subset=pid (proc(5)), where none of these files is there.
TEST(SystemInfo, WithoutFilesOfProcSaysWhatTheKernelTellsOtherwise) {
    const auto root = test::tree({});
    const auto bad_unit = test::tree({{"stat", kStat}, {"meminfo", "MemTotal: 8 GB\n"}});
    EXPECT_FALSE(read_system_info(root, ProcFiles(bad_unit)).value().memory_total_bytes);
    const auto bare = read_system_info(root, ProcFiles(test::tree({})));
    ASSERT_OK(bare);
    EXPECT_FALSE(bare->memory_total_bytes);
    EXPECT_EQ(bare->cpu_count, bare->usable_cpu_count);
    EXPECT_GE(bare->cpu_count, 1U);
    EXPECT_LE(std::chrono::abs(bare->boot_time - read_settable_facts().boot_time),
              std::chrono::seconds(1));
}

TEST(CpuCount, CountsProcessorsAndNotTheirSum) {
    EXPECT_EQ(parse_cpu_count(kStat).value(), 3U);
    EXPECT_FALSE(parse_cpu_count("cpu  4 0 0\ncpufreq 1\n"));
}

TEST(BootTime, OfAMalformedLineIsAnError) {
    EXPECT_EQ(parse_boot_time("cpu 1\n").error().what, "stat: btime: missing");
    EXPECT_EQ(parse_boot_time("btime soon\n").error().what, "stat: btime: not a number");
    EXPECT_EQ(parse_boot_time("btime 1 2\n").error().what, "stat: btime: missing");
}

TEST(GoArchitecture, IsTheNameThatGoProgramsUse) {
    EXPECT_EQ(go_architecture("x86_64"), "amd64");
    EXPECT_EQ(go_architecture("aarch64"), "arm64");
    EXPECT_EQ(go_architecture("i686"), "386");
    EXPECT_EQ(go_architecture("riscv64"), "riscv64");
}

TEST(SystemInfo, OfThisHostIsComplete) {
    const auto root = sys::Dir::open("/");
    const auto proc = sys::Dir::open("/proc");
    ASSERT_TRUE(root && proc);
    const auto info = read_system_info(*root, ProcFiles(*proc));
    ASSERT_OK(info);
    utsname kernel{};
    ASSERT_EQ(::uname(&kernel), 0);
    EXPECT_EQ(info->hostname, kernel.nodename);
    EXPECT_EQ(info->kernel_release, kernel.release);
    EXPECT_FALSE(info->platform.name.empty());
    EXPECT_GT(info->cpu_count, 0U);
}

TEST(SettableFacts, AreThoseOfTheKernelsFiles) {
    const auto facts = read_settable_facts();
    const auto whole = read_system_info(*sys::Dir::open("/"), ProcFiles(*sys::Dir::open("/proc")));
    EXPECT_EQ(facts.hostname, whole->hostname);
    EXPECT_FALSE(was_set(facts, read_settable_facts()));
}

TEST(SettableFacts, WereSetWhenTheNameIsAnotherOrTheClockFarAway) {
    using namespace std::chrono_literals;
    const SettableFacts before{.hostname = "web-01", .boot_time = UnixTime(1'800'000'000s)};
    auto now = before;
    now.boot_time -= 59s;
    EXPECT_FALSE(was_set(before, now)) << "two clocks are not read at one moment";
    now.boot_time -= 1s;
    EXPECT_TRUE(was_set(before, now));
    EXPECT_TRUE(was_set(now, before));
    now = before;
    now.hostname = "localhost";
    EXPECT_TRUE(was_set(before, now));
}

}  // namespace
}  // namespace bulkhead::worker
