// What a reload compares: does it take other workers, or another broker?
#include "broker/ceiling.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/processes/part.hpp"

namespace bulkhead::broker {
namespace {

ReadyPolicy sample() {
    ReadyPolicy ready;
    for (const auto* name : {"broker", "worker"}) {
        ready.policy.parts[name].name = name;
        ready.policy.parts[name].seccomp = name;
        ready.filters[name] = {sock_filter{.code = 6, .jt = 0, .jf = 0, .k = 0x7fff0000}};
    }
    ready.policy.parts["broker"].capabilities = 6;
    ready.policy.parts["broker"].wished = 8;
    ready.policy.parts["worker"].paths.push_back(
        {.access = policy::Access::read, .path = "/etc/hosts", .source = {}});
    return ready;
}

TEST(Walls, AreOthersWhenALineOfTheWorkersIs) {
    const auto before = walls_of_workers(sample());
    const auto changed = [&](const auto& change) {
        auto policy = sample();
        change(policy, policy.policy.parts["worker"]);
        return walls_of_workers(policy) != before;
    };
    EXPECT_TRUE(changed([](auto&, auto& part) { part.paths[0].path = "/etc/host"; }));
    EXPECT_TRUE(changed([](auto&, auto& part) { part.paths[0].if_present = true; }));
    EXPECT_TRUE(changed([](auto&, auto& part) { part.paths[0].access = policy::Access::write; }));
    EXPECT_TRUE(changed([](auto&, auto& part) { part.paths.clear(); }));
    EXPECT_TRUE(changed([](auto&, auto& part) { part.ports.push_back(443); }));
    EXPECT_TRUE(changed([](auto&, auto& part) { part.connects.push_back({.port = 443}); }));
    EXPECT_TRUE(changed([](auto&, auto& part) { part.limits.memory = 1; }));
    EXPECT_TRUE(changed([](auto&, auto& part) { part.limits.state = 1; }));
    EXPECT_TRUE(changed([](auto&, auto& part) { part.greeting = std::chrono::seconds(1); }));
    EXPECT_TRUE(changed([](auto& policy, auto&) { policy.filters["worker"][0].k = 0; }));
    EXPECT_TRUE(changed([](auto& policy, auto&) { policy.policy.host.id = "another"; }));
    EXPECT_TRUE(
        changed([](auto& policy, auto&) { policy.policy.waivers.push_back({.wall = "egress"}); }));
}

TEST(Walls, AreTheSameWhateverElseChanges) {
    const auto before = walls_of_workers(sample());
    auto policy = sample();
    policy.policy.parts["worker"].paths[0].source.reason = "another reason";
    policy.policy.parts["worker"].paths[0].source.line = 7;
    policy.policy.profiles["inspect"].capabilities = 1;
    policy.filters["broker"][0].k = 0;
    EXPECT_EQ(walls_of_workers(policy), before);
}

TEST(RestartNeeded, WhenTheCeilingWouldBeAnother) {
    const auto ceiling = ceiling_for(sample(), sandbox::kAllCapabilities);
    ASSERT_TRUE(ceiling);
    const auto wants = [&](const auto& change) {
        auto policy = sample();
        change(policy);
        return wants_other(policy, *ceiling);
    };
    EXPECT_FALSE(wants([](auto&) {}));
    EXPECT_TRUE(wants([](auto& policy) { policy.filters["broker"][0].k = 0; }));
    EXPECT_TRUE(wants([](auto& policy) { policy.policy.profiles["job"].capabilities = 16; }))
        << "beyond it";
    EXPECT_FALSE(wants([](auto& policy) { policy.policy.profiles["job"].capabilities = 2; }))
        << "within it";
    EXPECT_TRUE(wants([](auto& policy) { policy.policy.parts["broker"].capabilities = 2; }))
        << "a narrower one";
    EXPECT_TRUE(wants([](auto& policy) { policy.policy.parts["broker"].in_force = 2; }));
    EXPECT_TRUE(wants([](auto& policy) { policy.policy.parts["broker"].limits.open_files = 9; }));
    EXPECT_TRUE(wants([](auto& policy) { policy.policy.parts["broker"].umask = 0111; }));
    EXPECT_FALSE(wants([](auto& policy) { policy.filters["worker"][0].k = 0; }));
}

// Bit for bit the same without artifacts.policy, whatever the loader's profile says.
TEST(CeilingOfArtifacts, IsThereWithTheirPolicyAlone) {
    const auto plain = ceiling_for(sample(), sandbox::kAllCapabilities).value();
    auto policy = sample();
    policy.policy.parts["loader"].capabilities = sandbox::capability(CAP_BPF);
    const auto unused = ceiling_for(policy, sandbox::kAllCapabilities).value();
    EXPECT_EQ(unused.capabilities, plain.capabilities);
    EXPECT_EQ(unused.made_of, plain.made_of);
    EXPECT_FALSE(wants_other(policy, plain));
    policy.policy.artifacts.emplace();
    const auto used = ceiling_for(policy, sandbox::kAllCapabilities).value();
    EXPECT_EQ(used.capabilities, plain.capabilities | sandbox::capability(CAP_BPF));
    EXPECT_TRUE(wants_other(policy, plain)) << "a restart would have it";
    EXPECT_FALSE(wants_other(policy, used));
    const auto poor = ceiling_for(policy, plain.capabilities | 8).value();
    EXPECT_EQ(poor.capabilities, plain.capabilities) << "its unit does not give it, and it starts";
}

TEST(CeilingOfArtifacts, LetsPerfEventsThroughWithTheirPolicyAlone) {
    const auto made = [](bool artifacts) {
        auto vendor = policy::read(BULKHEAD_POLICY, policy::Trust::anybody).value();
        vendor.texts.erase("shipped.digests");
        policy::Files own{.directory = "test", .texts = {}, .ignored = {}};
        own.texts["host.policy"] = "policy-format 2   # test\nhost-id test-host   # test\n";
        if (artifacts) own.texts["artifacts.policy"] = "allow xdp lo   # test\n";
        own.texts["approval.policy"] = vendor.texts["approval.policy"];
        for (const auto* file : {"host.policy", "approval.policy"}) vendor.texts.erase(file);
        return ReadyPolicy::make(vendor, own).value();
    };
    const auto same = [](const sandbox::Filter& a, const sandbox::Filter& b) {
        return std::ranges::equal(std::as_bytes(std::span(a)), std::as_bytes(std::span(b)));
    };
    const auto without = made(false);
    const auto with = made(true);
    const auto as_written =
        sandbox::compile(without->policy.seccomp.find("broker")->second).value();
    EXPECT_TRUE(same(without->filter_of("broker"), as_written));
    EXPECT_FALSE(same(with->filter_of("broker"), as_written));
    for (const auto* part : {"worker", "config-reader", "loader"}) {
        EXPECT_TRUE(same(with->filter_of(part), without->filter_of(part))) << part;
    }
    EXPECT_FALSE(same(with->filter("admin"), without->filter("admin")))
        << "what the ceiling denies no more, the list of jobs of admin does";
}

TEST(RestartNeeded, NotForWhatThisHostCouldNotGive) {
    const auto ceiling = ceiling_for(sample(), 6);
    ASSERT_TRUE(ceiling);
    EXPECT_EQ(ceiling->capabilities, 6U);
    EXPECT_FALSE(wants_other(sample(), *ceiling)) << "it was only wished for";
}

}  // namespace
}  // namespace bulkhead::broker
