#include "worker/backend/lunasentri/lunasentri_dialect.hpp"

#include <gtest/gtest.h>

#include "common/base/strong.hpp"
#include "tests/worker/backend/golden.hpp"
#include "tests/worker/backend/values.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

LunasentriDialect dialect(const DialectOptions& options = {}) {
    return LunasentriDialect(LunasentriOptions::from(options));
}

Heartbeat beat(bool first = false) {
    auto beat = test::heartbeat();
    beat.report_system = first;
    beat.system.platform = {.name = "debian", .version = "12.11"};
    beat.system.cpu_count = 8;
    beat.system.usable_cpu_count = 4;
    beat.metrics.disk->total_bytes = 4_GiB - 1;
    return beat;
}

std::string sent(const Heartbeat& beat) {
    return test::body(dialect().heartbeat(test::identity(), beat).request);
}

TEST(LunasentriReport, IsTheOriginalsToTheByte) {
    const auto exchange = dialect().heartbeat(test::identity(), beat(true));
    EXPECT_EQ(test::written_out(exchange.request), test::golden("lunasentri/first_report.http"));
    const auto later = dialect().heartbeat(test::identity(), beat());
    EXPECT_EQ(test::written_out(later.request), test::golden("lunasentri/report.http"));
}

TEST(LunasentriReport, EveryAnswerHasItsMeaning) {
    test::expect_judged_as("lunasentri/answers.txt", dialect().heartbeat(test::identity(), beat()));
}

TEST(LunasentriReport, WhatIsUnknownIsLeftOutAndPercentagesAreZero) {
    auto little = beat(true);
    little.metrics = {};
    little.system.platform = {};
    EXPECT_EQ(
        sent(little),
        R"({"cpu_pct":0,"mem_used_pct":0,"disk_used_pct":0,"system_info":{"hostname":"web-01",)"
        R"("kernel_version":"6.1.0-25-amd64","cpu_cores":4,"memory_total_mb":7,)"
        R"("last_boot_time":"2026-11-20T00:00:00Z"}})");
}

// The decoder of the server refuses the whole report for one number that is no 63-bit integer.
TEST(LunasentriReport, TrafficIsASumThatNeverLeavesTheIntegers) {
    auto busy = beat();
    busy.metrics.traffic = Traffic{.rx_bytes = UINT64_MAX, .tx_bytes = 0};
    EXPECT_NE(sent(busy).find(R"("net_rx_bytes":9223372036854775807,"uptime_s")"),
              std::string::npos)
        << sent(busy);
}

// gopsutil sums over all of them for LunaSentri's agent.
TEST(LunasentriReport, TrafficIsOfAllInterfacesWhateverIsListed) {
    auto one = beat();
    one.metrics.interfaces->clear();
    one.metrics.traffic = Traffic{.rx_bytes = 40, .tx_bytes = 2};
    EXPECT_NE(sent(one).find(R"("net_rx_bytes":40,"net_tx_bytes":2)"), std::string::npos);
}

TEST(LunasentriReport, WithoutACpuFigureOfItsOwnRepeatsTheLastOne) {
    auto one = beat();
    one.metrics.cpu_percent.reset();
    one.metrics.last_cpu_percent = 42;
    EXPECT_TRUE(sent(one).starts_with(R"({"cpu_pct":42,)")) << sent(one);
}

TEST(LunasentriReport, AUserAgentIsSentWhenOneIsSet) {
    const auto request = dialect({{"user_agent", "lunasentri-agent/1.0.0"}})
                             .heartbeat(test::identity(), beat())
                             .request;
    EXPECT_EQ(test::header(request, "User-Agent"), "lunasentri-agent/1.0.0");
}

TEST(LunasentriTraits, AreTheOriginalsDefaultsAndSettings) {
    const auto usual = dialect();
    EXPECT_EQ(usual.traits().heartbeat_interval, 10s);
    EXPECT_EQ(usual.traits().system_info_interval, 1h);
    EXPECT_EQ(usual.traits().retries->first, 5s);
    EXPECT_EQ(usual.traits().retries->most, 3U);
    EXPECT_TRUE(usual.traits().first_after_interval);
    EXPECT_EQ(usual.enrollment(), nullptr);
    EXPECT_EQ(usual.jobs(), nullptr);
    const auto other =
        dialect({{"system_info_period", "30m"}, {"max_retries", "1"}, {"retry_backoff", "1500ms"}});
    EXPECT_EQ(other.traits().system_info_interval, 30min);
    EXPECT_EQ(other.traits().retries->first, 1500ms);
    EXPECT_EQ(other.traits().retries->most, 1U);
}

TEST(LunasentriOptions, AreChecked) {
    for (const auto& row : LunasentriOptions::rows()) {
        EXPECT_TRUE(row.accepts(row.fallback)) << row.name;
        EXPECT_FALSE(row.accepts("\x01")) << row.name;
    }
    EXPECT_FALSE(LunasentriOptions::rows()[0].accepts("0s"));
    EXPECT_FALSE(LunasentriOptions::rows()[1].accepts("1001"));
}

}  // namespace
}  // namespace bulkhead::worker
