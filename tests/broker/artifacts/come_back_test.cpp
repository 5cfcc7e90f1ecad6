// One that the guard rolls back gives its place to the one before: with real loaders.
#include <algorithm>

#include "tests/broker/artifacts/artifacts_site.hpp"

namespace bulkhead::broker {
namespace {

using protocol::ArtifactState;
using test::manifest_of;
using testing::HasSubstr;
using Told = std::pair<ArtifactState, std::string>;

struct ComeBackTest : test::ArtifactsTest {
    ComeBackTest() { between_loads = std::chrono::seconds(0); }
};

TEST_F(ComeBackTest, TheOneBeforeIsLoadedAgainWhenTheGuardRollsItsSuccessorBack) {
    const auto quiet = test::example("count_packets");
    const auto burning = test::example("burn");
    pin("quiet", manifest_of(quiet, "counter", "count"));
    auto second = manifest_of(burning, "counter", "burn");
    second.max_cpu_percent = 1;
    pin("burning", second);
    begin();
    ASSERT_EQ(offer(quiet).decision, protocol::Decision::admitted);
    until_told(1);
    ASSERT_EQ(offer(burning, "other").decision, protocol::Decision::admitted);
    const auto was_rolled_back = [&] {
        return std::ranges::count(told, ArtifactState::rolled_back, &Told::first) > 0;
    };
    until([&] {
        for (int i = 0; i < 20; ++i) test::send_packet();
        return was_rolled_back() && artifacts->idle();
    });
    ASSERT_EQ(list().size(), 1U) << recorded();
    EXPECT_EQ(list()[0].manifest, heard[0].status.manifest);
    EXPECT_EQ(list()[0].state, ArtifactState::loaded);
    EXPECT_THAT(recorded(), HasSubstr("\"event\":\"artifact-comes-back\""));
    EXPECT_EQ(offer(burning).reason.str(), "artifact-withdrawn");
}

}  // namespace
}  // namespace bulkhead::broker
