// Attacks that last, against the real broker: its memory and processor time stay bounded, a running
// job's time is up when it is up, every violation is on record.
//
// BULKHEAD_ROUNDS sets how many brokers get random frames in each phase.
#include <sched.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <sstream>

#include "common/sandbox/child.hpp"
#include "common/sandbox/privileges.hpp"
#include "tests/malicious_worker/attacker.hpp"
#include "tests/malicious_worker/site.hpp"
#include "tests/support/kernel.hpp"
#include "tests/support/lingering.hpp"

namespace bulkhead::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kTimeout = 4s;  // of jobs "brief" and "talker"
// Of one processor, over a campaign of kTimeout: a quarter, and a quarter of the budget that is
// there at the beginning, 256 frames of 5 ms (broker/processes/gate.hpp). The rest belongs to the
// host.
constexpr double kMostOfAProcessor = 0.25 * (1 + 1.28 / kTimeout.count());

struct Pressure {
    const char* name;
    std::uint64_t least;  // what the attacker must have got through, for the test to mean anything
};
void PrintTo(const Pressure& pressure, std::ostream* out) { *out << pressure.name; }

class Violations : public Site {
  protected:
    void expect_timely_end() {
        const auto ended = audit("job-ended");
        ASSERT_EQ(ended.size(), 1U);
        EXPECT_EQ(ended[0]["outcome"], "timed-out");
        const std::chrono::milliseconds wall(ended[0]["wall_ms"].get<std::int64_t>());
        EXPECT_GE(wall, kTimeout);
        EXPECT_LE(wall, kTimeout + 1s) << "the job's timeout came late";
    }
};

class Campaign : public Violations, public testing::WithParamInterface<Pressure> {};

TEST_P(Campaign, LeavesTheBrokerWellAndTheJobsTimeoutExact) {
    const auto [name, least] = GetParam();
    const auto slow = slowness();
    // What prepared views hold would stand in the count of descriptors; their own test counts it.
    more_options = {"--prepared-views", "no"};
    start("campaign " + std::string(name));
    ASSERT_TRUE(wait_for_finding("ready"));
    const auto before = vitals_of(broker().pid());
    const auto began = Clock::now();
    ASSERT_TRUE(wait_for_audit("job-ended"));
    const auto after = vitals_of(broker().pid());
    const std::chrono::duration<double> took = Clock::now() - began;
    const auto count = std::stoull(wait_for_finding(name).value_or("0"));
    const std::chrono::duration<double> cpu = after.cpu - before.cpu;
    std::printf("%s: %llu requests in %.1f s, broker %.0f %% of a processor, %zu KiB at most\n",
                name, count, took.count(), 100 * cpu / took,
                static_cast<std::size_t>(after.peak_bytes / 1024));
    expect_timely_end();
    EXPECT_GE(static_cast<double>(count), static_cast<double>(least) / slow);
    EXPECT_LE(after.peak_bytes, kMostMemory);
    // The last one may have begun with the last of the budget, and counts where one takes long.
    const auto last = count > 0 ? cpu / static_cast<double>(count) : cpu * 0;
    EXPECT_LE((cpu - last) / took, kMostOfAProcessor);
    EXPECT_LE(after.descriptors, before.descriptors + 4) << "descriptors leak";
    EXPECT_TRUE(audit("protocol-violation").empty());
    EXPECT_TRUE(broker().running());
}

INSTANTIATE_TEST_SUITE_P(, Campaign,
                         testing::Values(Pressure{"heads", 400}, Pressure{"scripts", 4},
                                         Pressure{"memfds", 50}, Pressure{"valid", 50},
                                         Pressure{"deaf", 0}),
                         [](const auto& each) { return std::string(each.param.name); });

class GarbageInPhase : public Site, public testing::WithParamInterface<const char*> {};

TEST_P(GarbageInPhase, EndsTheWorkerAndIsOnRecord) {
    const char* text = std::getenv("BULKHEAD_ROUNDS");
    const int rounds = text == nullptr ? 6 : std::atoi(text);
    const bool draining = std::string(GetParam()) == "draining";
    for (int round = 0; round < rounds && !HasFailure(); ++round) {
        start("campaign garbage-" + std::string(GetParam()));
        if (draining) {
            ASSERT_TRUE(wait_for_finding("ready"));
            broker().signal(SIGTERM);
        }
        ASSERT_TRUE(wait_for_audit("worker-ended"));
        const auto violations = audit("protocol-violation");
        ASSERT_EQ(violations.size(), 1U);
        EXPECT_FALSE(violations[0]["what"].get<std::string>().empty());
        EXPECT_EQ(audit("worker-ended")[0]["signal"], SIGKILL);
        if (!draining) {
            EXPECT_LE(vitals_of(broker().pid()).peak_bytes, kMostMemory);
        }
        stop();
    }
}

INSTANTIATE_TEST_SUITE_P(, GarbageInPhase,
                         testing::Values("greeting", "serving", "running", "draining"),
                         [](const auto& each) { return std::string(each.param); });

// Lasting, and told with its own reason; jobs and broker go on.
TEST_F(Violations, AFullStateDirectoryEndsTheWorker) {
    const auto shipped = place().read("policy/profiles/worker.profile");
    auto narrow = shipped;
    narrow.replace(narrow.find("state 4GiB"), 10, "state 2MiB");
    place().write("policy/profiles/worker.profile", narrow);
    start("campaign fill");
    EXPECT_TRUE(wait_for_audit("worker-state-over-budget"));
    EXPECT_TRUE(wait_for_audit("worker-started", 2));
    place().write("policy/profiles/worker.profile", shipped);
    const auto over = audit("worker-state-over-budget");
    ASSERT_FALSE(over.empty());
    EXPECT_TRUE(over[0]["why"].get<std::string>().ends_with("its budget is 2097152 bytes"));
    EXPECT_EQ(audit("worker-ended").at(0)["signal"], SIGKILL);
    EXPECT_TRUE(broker().running());
    stop();
}

TEST_F(Violations, AWorkerThatEvadesItsViewIsKilledAndAudited) {
    if (!kernel_makes_views()) GTEST_SKIP() << "this kernel has no mount_setattr";
    const auto may = sandbox::in_child([]() -> Result<> {
        TRY(sandbox::assume_ids({.user = {64'123, 64'123}, .groups = {}, .capabilities = 0}));
        return sys::check(::unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare");
    });
    if (!may) GTEST_SKIP() << "no user namespaces for users here: " << may.error().what;
    start("evade-view");
    ASSERT_TRUE(wait_for_audit("worker-view-failed"));
    EXPECT_EQ(audit("worker-view-failed")[0]["pid"], audit("worker-started")[0]["pid"]);
    ASSERT_TRUE(wait_for_audit("worker-ended"));
    EXPECT_EQ(audit("worker-ended")[0]["signal"], SIGKILL);
    EXPECT_TRUE(audit("protocol-violation").empty()) << "nothing of it was read";
}

TEST_F(Violations, MoveNoJobsTimeout) {
    start("campaign garbage-running");
    ASSERT_TRUE(wait_for_audit("protocol-violation"));
    ASSERT_TRUE(wait_for_audit("job-ended"));
    expect_timely_end();
}

// The socket stands for whatever takes long to close: root closed it itself, and stood still.
TEST_F(Violations, WhatTakesAMinuteToCloseMovesNoTimeoutAndNoStop) {
    auto port = kPortOfTheSite;
    auto server = deaf_server(port);
    ASSERT_TRUE(server) << "somebody listens on port " << port;
    start("campaign lingering");
    ASSERT_EQ(wait_for_finding("lingering"), "not-sealed");
    ASSERT_TRUE(wait_for_audit("job-ended"));
    expect_timely_end();
    const auto began = Clock::now();
    broker().signal(SIGTERM);
    EXPECT_EQ(broker().wait(kPatience), 0);
    EXPECT_LT(Clock::now() - began, 3s) << "it has waited for the socket";
    EXPECT_EQ(audit("worker-ended").size(), 1U);
    EXPECT_TRUE(audit("protocol-violation").empty());
}

// Two of its lines look like the broker's, the others are a flood.
TEST_F(Violations, NothingThatAWorkerWritesIsALineOfTheBrokersOrTakesItsPlace) {
    start("campaign forge");
    ASSERT_TRUE(wait_for_finding("forge"));
    stop();
    std::istringstream text(log());
    std::size_t of_worker = 0;
    std::string last;
    for (std::string line; std::getline(text, line);) {
        const auto parsed = json::parse(line, nullptr, false);
        ASSERT_FALSE(parsed.is_discarded()) << line;
        of_worker += parsed["from"] == "worker/main" ? 1U : 0U;
        if (parsed["from"] != "broker") continue;
        EXPECT_NE(parsed["event"], "forged");
        last = parsed["event"];
    }
    EXPECT_EQ(last, "agent-stopping");
    EXPECT_GT(of_worker, 100U);
    EXPECT_LT(of_worker, 1'000U) << "a flood drowns the broker's lines";
    EXPECT_NE(log().find("lines_left_out"), std::string::npos);
}

// Backoff of 1, 2, 4 and 8 s between the five.
TEST_F(Violations, FiveTimesSuspendJobIntakeUntilTheOperatorClearsIt) {
    const auto began = Clock::now();
    start("campaign garbage-greeting");
    const auto pid = broker().pid();
    ASSERT_TRUE(wait_for_audit("intake-suspended"));
    EXPECT_GE(Clock::now() - began, 15s) << "the worker came back too soon";
    EXPECT_EQ(broker().pid(), pid);
    EXPECT_TRUE(broker().running());
    EXPECT_EQ(audit("protocol-violation").size(), 5U);
    EXPECT_EQ(audit("worker-started").size(), 5U);
    EXPECT_LE(vitals_of(pid).peak_bytes, kMostMemory);
    stop();
    // It outlives the broker, and the worker, which may not remove it.
    start("campaign once-more");
    EXPECT_EQ(wait_for_finding("once-more"), "intake-suspended");
    stop();
    ASSERT_EQ(::unlink((place() / "state/broker/intake-suspended.main").c_str()), 0);
    start("campaign once-more");
    EXPECT_EQ(wait_for_finding("once-more"), "admitted");
}

}  // namespace
}  // namespace bulkhead::test
