// A host with a great deal of network, in a namespace of its own, read from the kernel for real.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/forked.hpp"
#include "tests/support/own_network.hpp"
#include "tests/worker/session/session_fixture.hpp"

namespace bulkhead::worker {
namespace {

constexpr int kInterfaces = 1'000;
constexpr int kRoutes = 5'000;
constexpr int kConnections = 10'000;  // both ends of 5,000

Result<> fill_network() {
    for (int i = 0; i < kInterfaces; ++i) TRY(bulkhead::test::add_bridge("br" + std::to_string(i)));
    const auto bridge = bulkhead::test::interface_index("br0");
    TRY(bulkhead::test::bring_up(bridge));
    TRY(bulkhead::test::add_address(bridge, "10.255.0.1", 16));
    TRY(bulkhead::test::add_route(bridge, "0.0.0.0", 0, "10.255.0.2"));
    for (int i = 0; i < kRoutes; ++i) {
        const auto network =
            "172." + std::to_string(16 + i / 256) + "." + std::to_string(i % 256) + ".0";
        TRY(bulkhead::test::add_route(bridge, network, 24, "10.255.0.2"));
    }
    return {};
}

std::string peak_memory() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM")) return line.substr(6);
    }
    return "?";
}

Result<> report_it_all() {
    TRY(fill_network());
    const auto sockets = TRY(bulkhead::test::connect_to_self(kConnections));
    reference::ReferenceBackend backend;
    if (!backend.start()) return fail("backend");
    backend.add_enrollment_key("gaek_one", {.approves = true});
    test::Host host(backend);
    Inventory seen;
    double read_ms = 0;
    host.collect = [&](const DumpLimits& limits) {
        const auto start = sys::Clock::now();
        seen = collect_inventory(limits);
        read_ms = std::chrono::duration<double, std::milli>(sys::Clock::now() - start).count();
        return seen;
    };
    const auto start = sys::Clock::now();
    if (!host.run(RunMode::once).well) return fail("not delivered");
    const auto passed = sys::Clock::now() - start;
    auto agent = backend.read(
        [](const reference::State& state) { return state.grapheon.agents.begin()->second; });
    const auto count = [&](const char* array) { return agent.known[array].size(); };
    std::fprintf(stderr,
                 "%zu links, %zu connections, %zu routes in %d reports: read in %.0f ms, all in "
                 "%.0f ms; peak of worker and backend together%s\n",
                 seen.links->size(), count("connections"), count("routes"), agent.check_ins,
                 read_ms, std::chrono::duration<double, std::milli>(passed).count(),
                 peak_memory().c_str());
    if (seen.links->size() < kInterfaces) return fail("links are missing");
    if (count("connections") < kConnections) return fail("connections are missing");
    if (count("routes") < kRoutes) return fail("routes are missing");
    for (const auto& inventory : backend.inventories()) {
        if (inventory.body.dump().size() > 262'144) return fail("a report is too large");
    }
    return {};
}

TEST(GrapheonVolume, TenThousandConnectionsAThousandInterfacesAndFiveThousandRoutesAllArrive) {
    const auto words = bulkhead::test::forked([]() -> std::string {
        if (const auto entered = bulkhead::test::enter_own_network(); !entered) {
            return "skip: " + entered.error().what;
        }
        const auto done = report_it_all();
        return done ? "" : done.error().what;
    });
    if (words.starts_with("skip: ")) GTEST_SKIP() << words;
    EXPECT_EQ(words, "");
}

}  // namespace
}  // namespace bulkhead::worker
