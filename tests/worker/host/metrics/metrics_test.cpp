#include "worker/host/metrics/metrics.hpp"

#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kMeminfo =
    "MemTotal: 8000 kB\nMemFree: 1000 kB\nMemAvailable: 6000 kB\nBuffers: 200 kB\n"
    "Cached: 4000 kB\nSwapTotal: 2000 kB\nSwapFree: 1500 kB\nSReclaimable: 300 kB\n";
constexpr std::string_view kNetDev =
    "Inter-|   Receive  |  Transmit\n face |bytes packets|bytes packets\n"
    "    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n";

test::Tree proc_tree() {
    return test::tree({{"stat", "cpu  100 0 0 900 0 0 0 0 0 0\ncpu0 100 0 0 900 0 0 0 0 0 0\n"},
                       {"meminfo", kMeminfo},
                       {"loadavg", "0.10 0.20 0.30 1/2 3\n"},
                       {"uptime", "1032.50 2000.00\n"},
                       {"net/dev", kNetDev}});
}

// A clock that a test moves.
struct TestClock {
    std::chrono::milliseconds now{5'000};
    std::function<std::chrono::milliseconds()> read() {
        return [this] { return now; };
    }
};

std::vector<std::string> errors_of(const Metrics& metrics) {
    std::vector<std::string> texts;
    for (const auto& error : metrics.errors) texts.push_back(error.what);
    return texts;
}

TEST(Metrics, AreSampledTogether) {
    const auto proc = proc_tree();
    const ProcFiles files(proc.open());
    TestClock clock;
    MetricsReader reader(files, proc.open().duplicate().value(), "/", {}, clock.read());
    clock.now += 1s;
    proc.write("stat", "cpu  150 0 0 1050 0 0 0 0 0 0\n");
    const auto metrics = reader.sample();
    EXPECT_EQ(errors_of(metrics), std::vector<std::string>{});
    EXPECT_DOUBLE_EQ(metrics.cpu_percent.value(), 25);
    EXPECT_DOUBLE_EQ(metrics.memory.value().used_percent(), 25);
    EXPECT_EQ(metrics.swap.value().used_bytes, 500U * 1024);
    EXPECT_EQ(metrics.disk.value().path, "/");
    EXPECT_DOUBLE_EQ(metrics.load.value().fifteen_minutes, 0.3);
    EXPECT_EQ(metrics.uptime_seconds.value(), 1032U);
    EXPECT_EQ(metrics.interfaces.value().at(0).tx_packets, 10U);
}

TEST(Metrics, CountCpuSinceTheSampleBefore) {
    const auto proc = proc_tree();
    const ProcFiles files(proc.open());
    TestClock clock;
    MetricsReader reader(files, proc.open().duplicate().value(), "/", {}, clock.read());
    clock.now += 60s;
    proc.write("stat", "cpu  100 0 0 1000 0 0 0 0 0 0\n");
    EXPECT_EQ(reader.sample().cpu_percent.value(), 0);
    clock.now += 60s;
    proc.write("stat", "cpu  200 0 0 1000 0 0 0 0 0 0\n");
    EXPECT_EQ(reader.sample().cpu_percent.value(), 100);
}

// A tick is 10 ms: of a shorter time the figure would be 0, 50 or 100 by chance.
TEST(Metrics, HaveNoCpuShareOfLessThanASecondAndLoseNoTime) {
    const auto proc = proc_tree();
    const ProcFiles files(proc.open());
    TestClock clock;
    MetricsReader reader(files, proc.open().duplicate().value(), "/", {}, clock.read());
    EXPECT_EQ(reader.until_cpu_percent(), 1s);
    clock.now += 999ms;
    proc.write("stat", "cpu  150 0 0 900 0 0 0 0 0 0\n");
    EXPECT_FALSE(reader.sample().cpu_percent);
    EXPECT_EQ(reader.until_cpu_percent(), 1ms);
    clock.now += 1ms;
    proc.write("stat", "cpu  150 0 0 950 0 0 0 0 0 0\n");
    EXPECT_EQ(reader.until_cpu_percent(), 0s);
    EXPECT_EQ(reader.sample().cpu_percent.value(), 50) << "of the whole second";
}

TEST(Metrics, RepeatTheLastCpuShareForThoseWhoMustHaveOne) {
    const auto proc = proc_tree();
    const ProcFiles files(proc.open());
    TestClock clock;
    MetricsReader reader(files, proc.open().duplicate().value(), "/", {}, clock.read());
    EXPECT_FALSE(reader.sample().last_cpu_percent);
    clock.now += 1s;
    proc.write("stat", "cpu  175 0 0 925 0 0 0 0 0 0\n");
    EXPECT_EQ(reader.sample().last_cpu_percent.value(), 75);
    clock.now += 1s;
    proc.write("stat", "cpu  180 0 0 100 0 0 0 0 0 0\n");
    const auto offline = reader.sample();
    EXPECT_FALSE(offline.cpu_percent);
    EXPECT_EQ(offline.last_cpu_percent.value(), 75);
    clock.now += 1s;
    proc.write("stat", "cpu  185 0 0 105 0 0 0 0 0 0\n");
    EXPECT_EQ(reader.sample().cpu_percent.value(), 50) << "since the reading that ran back";
}

TEST(Metrics, CountCpuSinceTheRunBeforeIfThatIsASecondToADayAgo) {
    const auto proc = proc_tree();
    const ProcFiles files(proc.open());
    const CpuTimes before{.ticks = {60, 0, 0, 840, 0, 0, 0, 0}};
    const auto percent_with = [&](std::chrono::milliseconds age) {
        TestClock clock{.now = 48h};
        MetricsReader reader(files, proc.open().duplicate().value(), "/", {}, clock.read());
        reader.resume({.times = before, .at = clock.now - age});
        return reader.sample().cpu_percent;
    };
    EXPECT_EQ(percent_with(15min).value(), 40);
    EXPECT_EQ(percent_with(1s).value(), 40);
    EXPECT_EQ(percent_with(24h).value(), 40);
    EXPECT_FALSE(percent_with(24h + 1ms));
    EXPECT_FALSE(percent_with(999ms));
    EXPECT_FALSE(percent_with(-1h)) << "of a time to come";
}

TEST(Metrics, ListTheInterfacesThatTheSettingsKeepAndSumOverAll) {
    const auto proc = proc_tree();
    const ProcFiles files(proc.open());
    MetricsReader reader(files, proc.open().duplicate().value(), "/",
                         {.include = {}, .exclude = {"veth*"}});
    proc.write("net/dev", std::string(kNetDev) + "vethab12: 5 0 0 0 0 0 0 0 7 0 0 0 0 0 0 0\n");
    const auto metrics = reader.sample();
    ASSERT_EQ(metrics.interfaces.value().size(), 1U);
    EXPECT_EQ(metrics.interfaces->front().name, "lo");
    EXPECT_EQ(metrics.interfaces_left_out, 1U);
    EXPECT_EQ(metrics.traffic.value().rx_bytes, 6U);
    EXPECT_EQ(metrics.traffic.value().tx_bytes, 16U);
}

TEST(Metrics, HaveNoCpuShareWithoutAnEarlierReading) {
    const auto proc = proc_tree();
    proc.write("stat", "none yet\n");
    const ProcFiles files(proc.open());
    TestClock clock;
    MetricsReader reader(files, proc.open().duplicate().value(), "/", {}, clock.read());
    clock.now += 1s;
    proc.write("stat", "cpu  200 0 0 900 0 0 0 0 0 0\n");
    const auto first = reader.sample();
    EXPECT_FALSE(first.cpu_percent);
    EXPECT_EQ(errors_of(first), std::vector<std::string>{});
    clock.now += 1s;
    proc.write("stat", "cpu  210 0 0 900 0 0 0 0 0 0\n");
    EXPECT_TRUE(reader.sample().cpu_percent);
}

TEST(Metrics, OnePartThatFailsLosesNoOther) {
    const auto proc = proc_tree();
    const ProcFiles files(proc.open());
    TestClock clock;
    MetricsReader reader(files, proc.open().duplicate().value(), "/", {}, clock.read());
    clock.now += 1s;
    proc.write("meminfo", "MemTotal: 8000 kB\nSwapTotal: 2000 kB\nSwapFree: 1500 MB\n");
    proc.write("stat", "cpu  150 0 0 1050 0 0 0 0 0 0\n");
    proc.write("loadavg", "high\n");
    proc.write("net/dev", "nothing\n");
    const auto metrics = reader.sample();
    EXPECT_EQ(errors_of(metrics),
              (std::vector<std::string>{"memory: MemFree: missing", "swap: SwapFree: expected kB",
                                        "load: loadavg: expected three averages",
                                        "interfaces: expected two heading lines"}));
    EXPECT_TRUE(metrics.cpu_percent);
    EXPECT_FALSE(metrics.memory);
    EXPECT_FALSE(metrics.swap);
    EXPECT_TRUE(metrics.disk);
    EXPECT_FALSE(metrics.load);
    EXPECT_TRUE(metrics.uptime_seconds);
    EXPECT_FALSE(metrics.interfaces);
}

TEST(Metrics, AreReadWhenThePathsLeadNowhereAnyMore) {
    const auto proc = proc_tree();
    const ProcFiles files(proc.open());
    proc.write("uptime", "7.00 7.00\n");
    for (const auto* name : {"stat", "meminfo", "loadavg", "uptime", "net/dev"}) proc.remove(name);
    MetricsReader reader(files, proc.open().duplicate().value(), "/");
    const auto metrics = reader.sample();
    EXPECT_EQ(errors_of(metrics), std::vector<std::string>{});
    EXPECT_EQ(metrics.uptime_seconds.value(), 7U);
}

TEST(Metrics, OfAFileThatWasNeverThereSayWhy) {
    const auto proc = proc_tree();
    proc.remove("uptime");
    const ProcFiles files(proc.open());
    MetricsReader reader(files, proc.open().duplicate().value(), "/");
    EXPECT_EQ(errors_of(reader.sample()),
              std::vector<std::string>{"uptime: open uptime: No such file or directory"});
}

std::string net_dev_with(int interfaces) {
    std::string text = "Inter-|x\n face |y\n";
    for (int i = 0; i < interfaces; ++i) {
        text += "  veth" + std::to_string(i) + ": ";
        for (int column = 0; column < 15; ++column) text += std::to_string(i) + "000 ";
        text += std::to_string(i) + "\n";
    }
    return text;
}

TEST(Metrics, ReadTenThousandInterfaces) {
    const auto proc = proc_tree();
    const ProcFiles files(proc.open());
    MetricsReader reader(files, proc.open().duplicate().value(), "/");
    proc.write("net/dev", net_dev_with(10'000));
    const auto many = reader.sample();
    ASSERT_TRUE(many.interfaces) << many.errors.at(0).what;
    ASSERT_EQ(many.interfaces->size(), 10'000U);
    EXPECT_EQ(many.interfaces->back().name, "veth9999");
    EXPECT_EQ(many.interfaces->back().rx_bytes, 9'999'000U);
    proc.write("net/dev", net_dev_with(3));
    EXPECT_EQ(reader.sample().interfaces.value().size(), 3U);
}

TEST(Metrics, RefuseAnInterfaceListWithoutBounds) {
    const auto proc = proc_tree();
    proc.write("net/dev", net_dev_with(60'000));
    const ProcFiles files(proc.open());
    MetricsReader reader(files, proc.open().duplicate().value(), "/");
    EXPECT_EQ(errors_of(reader.sample()),
              std::vector<std::string>{"interfaces: net/dev: larger than 4194304 bytes"});
}

TEST(Metrics, OfThisHostAreComplete) {
    auto proc = sys::Dir::open("/proc");
    auto root = sys::Dir::open("/");
    ASSERT_TRUE(proc && root);
    const ProcFiles files(*proc);
    MetricsReader reader(files, root->duplicate().value(), "/");
    for (int round = 0; round < 3; ++round) {
        const auto metrics = reader.sample();
        EXPECT_EQ(errors_of(metrics), std::vector<std::string>{});
        EXPECT_GT(metrics.memory.value().total_bytes, 0U);
        EXPECT_GT(metrics.uptime_seconds.value(), 0U);
        EXPECT_FALSE(metrics.interfaces.value().empty());
        EXPECT_TRUE(metrics.limits);
    }
    EXPECT_EQ(files.boot_id.size(), 36U) << "without the end of the line";
}

// In a network namespace of its own; the exit status tells.
int count_many_bridges(int bridges) {
    constexpr int kCannot = 77;
    if (::unshare(CLONE_NEWNET) != 0) return kCannot;
    const sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    for (int i = 0; i < bridges; ++i) {
        const auto name = "bulkhead" + std::to_string(i);
        if (::ioctl(socket.get(), SIOCBRADDBR, name.c_str()) != 0) return kCannot;
    }
    auto proc = sys::Dir::open("/proc");
    auto root = sys::Dir::open("/");
    if (!proc || !root) return kCannot;
    const ProcFiles files(*proc);
    const auto metrics = MetricsReader(files, root->duplicate().value(), "/").sample();
    if (!metrics.interfaces) return 1;
    const auto ours = std::count_if(metrics.interfaces->begin(), metrics.interfaces->end(),
                                    [](const auto& it) { return it.name.starts_with("bulkhead"); });
    return ours == bridges ? 0 : 2;
}

TEST(Metrics, ReadEveryInterfaceWhenTheListFillsManyPages) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(count_many_bridges(200));
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no network namespace or no bridges here";
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace bulkhead::worker
