#include "worker/host/metrics/limits.hpp"

#include <gtest/gtest.h>

#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

Limits limits_in(const test::Tree& cgroups) {
    const test::Tree proc({{"stat", ""}});
    const ProcFiles files(proc.open(), cgroups.open());
    std::vector<char> buffer;
    return read_limits(files, buffer);
}

TEST(Limits, OfVersion2AreThoseOfTheRootAsItIsSeen) {
    const test::Tree tree({{"memory.max", "536870912\n"}, {"cpu.max", "150000 100000\n"}});
    EXPECT_EQ(limits_in(tree).memory_bytes, 536'870'912U);
    EXPECT_EQ(limits_in(tree).cpus, 1.5);
}

TEST(Limits, OfVersion1AreTakenWhereThereIsNoVersion2) {
    const test::Tree tree({{"memory/memory.limit_in_bytes", "1073741824\n"},
                           {"cpu,cpuacct/cpu.cfs_quota_us", "50000\n"},
                           {"cpu,cpuacct/cpu.cfs_period_us", "100000\n"}});
    EXPECT_EQ(limits_in(tree).memory_bytes, 1U << 30);
    EXPECT_EQ(limits_in(tree).cpus, 0.5);
}

TEST(Limits, AreAbsentWhereThereAreNone) {
    const test::Tree none({{"cgroup.procs", ""}});
    EXPECT_FALSE(limits_in(none).memory_bytes);
    EXPECT_FALSE(limits_in(none).cpus);
    const test::Tree max({{"memory.max", "max\n"}, {"cpu.max", "max 100000\n"}});
    EXPECT_FALSE(limits_in(max).memory_bytes);
    EXPECT_FALSE(limits_in(max).cpus);
    const test::Tree old({{"memory/memory.limit_in_bytes", "9223372036854771712\n"},
                          {"cpu/cpu.cfs_quota_us", "-1\n"},
                          {"cpu/cpu.cfs_period_us", "100000\n"}});
    EXPECT_FALSE(limits_in(old).memory_bytes);
    EXPECT_FALSE(limits_in(old).cpus);
}

TEST(Limits, OddTextIsNoNumber) {
    for (const auto* text : {"", "-1", "1 2", "1k", "99999999999999999999"}) {
        EXPECT_FALSE(parse_memory_limit(text)) << text;
    }
    for (const auto* text : {"", "max", "1", "1 0", "1 2 3", "x 100000", "max 0", "-2 100000"}) {
        EXPECT_FALSE(parse_cpu_limit(text)) << text;
    }
}

}  // namespace
}  // namespace bulkhead::worker
