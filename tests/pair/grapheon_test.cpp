// The grapheon dialect: a confined worker that reads the kernel's tables itself, and passes that a
// timer would start.
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

class Grapheon : public Pair {
  protected:
    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        backend().add_enrollment_key("gaek_one");
        backend().set_grapheon_policy({{"jitter_seconds", 0}, {"checkin_interval_seconds", 3'600}});
    }
    std::string configuration() override {
        return "backend:\n  dialect: grapheon\n  url: " + backend().url() +
               "\n  ca_file: " + backend().ca_file() +
               "\n  install_token: gaek_one\n  options:\n    timer_interval: 1s\n";
    }
    std::size_t reports() { return backend().inventories().size(); }
    void approve_and_enroll() {
        ASSERT_EQ(run_to_end({"--register-only"}), 0);
        approve();
        ASSERT_EQ(run_to_end({"--register-only"}), 0);
    }
    void approve() { ASSERT_TRUE(backend().change_grapheon_agent("", "approve")); }
};

TEST_F(Grapheon, TheAgentThatIsReplacedLeavesItsIdentity) {
    constexpr auto* kUuid = "0b8f5a36-3c1e-4b52-9d6a-2f3f1d1c7a10";
    std::filesystem::create_directory(place() / "old");
    place().write("old/agent_uuid", kUuid + std::string("\n"));
    const auto with_old = configuration() + "    original_state: " + (place() / "old") + "\n";
    place().write("agent.yaml", with_old);
    EXPECT_EQ(run_to_end({"--register-only"}), 1) << "policy has no row for that directory";
    EXPECT_NE(log().find("bulkhead migrate"), std::string::npos) << log();
    EXPECT_EQ(asked("/api/agents/register"), 0U);
    place().let_backends_have(place() / "old", "grapheon");
    ASSERT_EQ(run_to_end({"--register-only"}), 0) << log();
    backend().read([&](const State& state) {
        ASSERT_EQ(state.grapheon.agents.size(), 1U);
        EXPECT_EQ(state.grapheon.agents.begin()->first, kUuid);
    });
}

TEST_F(Grapheon, APassOfItsOwnWaitsForApprovalReportsAndIsNotDueAgain) {
    EXPECT_EQ(run_to_end({"--register-only"}), 0) << "pending is no failure";
    EXPECT_EQ(run_to_end({"--once"}), 0);
    EXPECT_EQ(reports(), 0U);
    approve();
    EXPECT_EQ(run_to_end({"--once"}), 0);
    ASSERT_EQ(reports(), 1U);
    const auto body = backend().inventories().front().body;
    // This test's own backend listens on the loopback interface, and the worker was talking to it.
    const auto port = std::stoi(backend().url().substr(backend().url().rfind(':') + 1));
    const auto& connections = body["connections"];
    EXPECT_TRUE(std::ranges::any_of(connections, [port](const json& one) {
        return one["state"] == "listen" && one["local_port"] == port &&
               one["process_name"].is_string() && one["pid"] == ::getpid();
    })) << connections;
    const auto own = [port](const json& one) {
        return one["remote_port"] == port ||
               (one["local_port"] == port && one["state"] != "listen");
    };
    // The first report cannot tell what earlier passes left in TIME_WAIT.
    EXPECT_TRUE(std::ranges::none_of(
        connections, [&](const json& one) { return one["state"] == "established" && own(one); }))
        << "its own connection, of which both ends are here: " << connections;
    const auto& metadata = body["metadata"];
    EXPECT_EQ(metadata["policy_digest"], audit("agent-started").back()["policy"]);
    EXPECT_EQ(metadata["audit_head"].get<std::string>().size(), 64U);
    EXPECT_GT(metadata["audit_size"], 0);
    EXPECT_GT(metadata["ledger_size"], 0);
    EXPECT_EQ(run_to_end({"--check-in-only"}), 0);
    EXPECT_EQ(reports(), 1U) << "not due";
    EXPECT_EQ(run_to_end({"--force"}), 0);
    EXPECT_EQ(reports(), 2U);
    const auto second = backend().inventories().back().body;
    EXPECT_EQ(second["sequence_number"], 2);
    EXPECT_TRUE(std::ranges::none_of(second["connections"], own)) << second["connections"];
}

TEST_F(Grapheon, ExitStatusesAreThoseOfTheOriginal) {
    EXPECT_EQ(run_to_end({"--register-only", "--check-in-only"}), 2);
    approve_and_enroll();
    ASSERT_TRUE(backend().change_grapheon_agent("", "rotate"));
    EXPECT_EQ(run_to_end({"--once"}), 1);
}

TEST_F(Grapheon, AnAgentThatAlwaysRunsIsApprovedWhileItWaits) {
    start();
    ASSERT_TRUE(backend().wait_for(
        [](const State& state) { return !state.grapheon.agents.empty(); }, kPatience));
    approve();
    EXPECT_TRUE(backend().wait_for([](const State& state) { return !state.inventories.empty(); },
                                   kPatience));
}

}  // namespace
}  // namespace bulkhead::test
