#include "broker/processes/gate.hpp"

#include <gtest/gtest.h>

#include "common/protocol/requests.hpp"

namespace bulkhead::broker {
namespace {

using namespace std::chrono_literals;
using protocol::Phase;

std::string judged(const Gate& gate, const protocol::Spec& spec, std::size_t length) {
    const auto result = gate.admit(
        spec, {.id = spec.id, .serial = 1, .length = static_cast<std::uint32_t>(length)});
    return result ? "" : result.error().what;
}

TEST(Gate, BeforeTheGreetingOnlyTheGreetingMayPass) {
    const Gate gate;
    protocol::Requests::each([&]<class M> {
        const std::string name(M::spec.name);
        EXPECT_EQ(judged(gate, M::spec, 0), name == "Hello" ? "" : name + ": wrong phase");
    });
}

TEST(Gate, AfterItEverythingButASecondGreeting) {
    Gate gate;
    gate.serving();
    EXPECT_EQ(gate.phase(), Phase::serving);
    protocol::Requests::each([&]<class M> {
        const std::string name(M::spec.name);
        EXPECT_EQ(judged(gate, M::spec, 0), name == "Hello" ? "Hello: wrong phase" : "");
    });
}

TEST(Gate, EachRequestHasItsOwnLargestSize) {
    Gate greeting, serving;
    serving.serving();
    protocol::Requests::each([&]<class M> {
        const auto& gate = M::spec.phase == Phase::greeting ? greeting : serving;
        EXPECT_EQ(judged(gate, M::spec, M::spec.max_bytes), "") << M::spec.name;
        EXPECT_EQ(judged(gate, M::spec, M::spec.max_bytes + 1),
                  std::string(M::spec.name) + ": payload too long");
    });
}

struct Pace : testing::Test {
    Gate gate;
    Gate::Time start{1000h};
    // How many frames pass at `now` before one has to wait.
    int passing(Gate::Time now, int most = 10'000) {
        int frames = 0;
        while (frames < most && !gate.must_wait(now)) ++frames;
        return frames;
    }
};

TEST_F(Pace, ABurstPassesAndThenItWaits) {
    EXPECT_EQ(passing(start), Gate::kBurst + 1);
    const auto when = gate.must_wait(start);
    ASSERT_TRUE(when);
    EXPECT_EQ(*when, start + Gate::kRefill) << "for one frame's time and no longer";
}

TEST_F(Pace, WhenTheWaitIsOverOneFramePasses) {
    passing(start);
    const auto when = *gate.must_wait(start);
    EXPECT_TRUE(gate.must_wait(when - 1ns));
    EXPECT_EQ(passing(when), 1);
}

TEST_F(Pace, TheBudgetRefillsWithTimeUpToABurst) {
    passing(start);
    EXPECT_EQ(passing(start + 100 * Gate::kRefill), 100);
    EXPECT_EQ(passing(start + 24h), Gate::kBurst + 1) << "silence saves up no more than a burst";
}

TEST_F(Pace, SeveralWorkersTogetherGetWhatOneWould) {
    constexpr std::size_t kSharers = 4;
    std::vector<Gate> all(kSharers, Gate(kSharers));
    int frames = 0;
    for (auto& one : all) {
        while (!one.must_wait(start)) ++frames;
    }
    EXPECT_LE(frames, Gate::kBurst + static_cast<int>(kSharers));
    // One that uses up its part takes nothing from the others.
    Gate greedy(kSharers);
    Gate modest(kSharers);
    EXPECT_FALSE(greedy.must_wait(start));
    greedy.charge(1h);
    EXPECT_TRUE(greedy.must_wait(start));
    EXPECT_FALSE(modest.must_wait(start));
}

TEST_F(Pace, AskingWhileWaitingCostsNothing) {
    passing(start);
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(gate.must_wait(start));
    EXPECT_EQ(passing(start + Gate::kRefill), 1);
}

TEST_F(Pace, ADearFrameTakesTheTimeOfMany) {
    ASSERT_FALSE(gate.must_wait(start));
    gate.charge(100 * Gate::kRefill);
    EXPECT_EQ(passing(start), Gate::kBurst - 100);
    gate.charge(1h);
    EXPECT_EQ(*gate.must_wait(start), start + Gate::kRefill + 1h);
}

TEST_F(Pace, InTheLongRunItIsTheRefill) {
    int frames = 0;
    for (auto now = start; now < start + 10s; now += 1ms) frames += passing(now);
    EXPECT_NEAR(frames, Gate::kBurst + 10s / Gate::kRefill, 2);
}

}  // namespace
}  // namespace bulkhead::broker
