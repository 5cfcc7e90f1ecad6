// eBPF artifacts over a restart of the agent, with the real broker, loader and worker: what ended
// with the broker is offered to the next one, and what is pinned is adopted.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/pair/own_host.hpp"
#include "tests/pair/pair.hpp"
#include "tests/support/roots_program.hpp"

namespace bulkhead::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class ArtifactRestart : public Pair {
  protected:
    static void SetUpTestSuite() { why_not = own_host(); }
    void SetUp() override {
        if (!why_not.empty()) GTEST_SKIP() << why_not;
        Pair::SetUp();
        if (IsSkipped()) return;
        before = network_state();
        place().write("policy/artifacts.policy",
                      "allow xdp lo  # test\nmax-cpu-percent 50  # test\npins allowed  # test\n");
    }
    void TearDown() override {
        Pair::TearDown();
        if (!why_not.empty()) return;
        std::filesystem::remove_all(kPins);
        EXPECT_TRUE(eventually([&] { return network_state() == before; }, kPatience));
    }
    // The backend has an object without an approval: policy has that.
    void assign(bool pin) {
        const auto elf = example("count_packets");
        auto manifest = manifest_of(elf, "count");
        manifest.pin = pin;
        place().write("policy/approved/test.artifact", approval::write_artifact_manifest(manifest));
        backend().put_artifact("counter", elf);
    }
    void start_agent() {
        start({"--loader", roots_program(BULKHEAD_LOADER), "--loader-user", "64201:64201"});
    }
    // So often has the backend been told that it is loaded, and nothing else since.
    bool told_loaded(std::size_t times) {
        return eventually(
            [&] {
                const auto all = backend().artifact_states("counter");
                const auto loaded = std::ranges::count_if(
                    all, [](const json& one) { return one["state"] == "loaded"; });
                return static_cast<std::size_t>(loaded) >= times && all.back()["state"] == "loaded";
            },
            kPatience);
    }

    inline static std::string why_not;
    std::string before;
};

TEST_F(ArtifactRestart, WhatEndsWithABrokerIsOfferedToTheNext) {
    assign(false);
    start_agent();
    ASSERT_TRUE(wait_for_audit("artifact-loaded")) << log();
    EXPECT_TRUE(told_loaded(1));
    EXPECT_EQ(stop(), 0);
    EXPECT_EQ(last_audit("artifact-ended")["reason"], "agent-stopped");
    EXPECT_EQ(network_state(), before);

    start_agent();
    ASSERT_TRUE(wait_for_audit("artifact-loaded", 2)) << log();
    EXPECT_NE(network_state(), before);
    EXPECT_TRUE(told_loaded(2));

    // A broker that is killed says nothing to its worker.
    stop(SIGKILL);
    EXPECT_TRUE(eventually([&] { return network_state() == before; }, kPatience));
    start_agent();
    ASSERT_TRUE(wait_for_audit("artifact-loaded", 3)) << log();
    EXPECT_FALSE(xdp_is_free());
}

TEST_F(ArtifactRestart, WhatIsPinnedIsAdoptedAndLoadedOnceOnly) {
    assign(true);
    start_agent();
    ASSERT_TRUE(wait_for_audit("artifact-loaded")) << log();
    EXPECT_TRUE(told_loaded(1));
    const auto during = network_state();
    EXPECT_EQ(stop(), 0);
    EXPECT_EQ(network_state(), during);

    start_agent();
    EXPECT_EQ(last_audit("artifact-adopted")["kept"], true);
    // The worker does not know, so it offers it, and hears that it is there.
    ASSERT_TRUE(wait_for_log("\"event\":\"artifact-offered\"", 2)) << log();
    ASSERT_TRUE(wait_for_heartbeats(3));
    EXPECT_TRUE(told_loaded(2));
    EXPECT_THAT(audit("artifact-offered"), SizeIs(1)) << "no loader had it a second time";
    EXPECT_THAT(audit("artifact-ended"), IsEmpty());
    EXPECT_EQ(network_state(), during);
    EXPECT_EQ(json::parse(status())["backends"][0]["artifacts"][0]["state"], "loaded");
}

}  // namespace
}  // namespace bulkhead::test
