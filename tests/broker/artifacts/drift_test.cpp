#include "broker/artifacts/drift.hpp"

#include <gmock/gmock.h>

#include <functional>

#include "tests/broker/artifacts/own_network.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::broker {
namespace {

using testing::HasSubstr;

Facts loaded() {
    Facts facts;
    facts.programs.items.push_back(
        {.name = protocol::Name::create("count_packets").value(),
         .program = {.type = BPF_PROG_TYPE_XDP, .id = 11, .tag = {}, .name = {}},
         .link =
             bpf::LinkInfo{.type = BPF_LINK_TYPE_XDP, .id = 21, .program_id = 11, .interface = 3}});
    facts.programs.items.push_back(
        {.name = protocol::Name::create("guard").value(),
         .program = {.type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR, .id = 12},
         .link = bpf::LinkInfo{.type = BPF_LINK_TYPE_CGROUP,
                               .id = 22,
                               .program_id = 12,
                               .cgroup = 4'711,
                               .attach_type = BPF_CGROUP_INET4_CONNECT}});
    facts.maps.items.push_back(
        {.name = protocol::Name::create("packets").value(),
         .map = {.type = BPF_MAP_TYPE_ARRAY, .id = 31, .key_size = 4, .value_size = 8}});
    return facts;
}

std::string after(const std::function<void(Facts&)>& change) {
    auto now = loaded();
    change(now);
    return drift(loaded(), now);
}
auto& program(Facts& facts, std::size_t i = 0) { return facts.programs.items[i].program; }
auto& link(Facts& facts, std::size_t i = 0) { return *facts.programs.items[i].link; }
auto& map(Facts& facts) { return facts.maps.items[0].map; }

TEST(Drift, WhatOnlyRanHasNotDrifted) {
    EXPECT_EQ(after([](Facts& now) {
                  program(now).run_count = 9;
                  program(now).run_time_ns = 99;
              }),
              "");
}

TEST(Drift, TheFirstDifferenceIsToldWithTheNameOfWhatDiffers) {
    EXPECT_EQ(after([](Facts& now) { link(now).interface = 0; }),
              "program count_packets: its link is detached from interface 3, or that is gone");
    EXPECT_EQ(after([](Facts& now) { link(now, 1).cgroup = 0; }),
              "program guard: its link is detached from cgroup 4711, or that is gone");
    EXPECT_EQ(after([](Facts& now) { link(now, 1).program_id = 99; }),
              "program guard: its link's program is 99, and was 12");
    EXPECT_EQ(after([](Facts& now) { program(now).tag[7] = std::byte{0xa1}; }),
              "program count_packets: its tag is 00000000000000a1, and was 0000000000000000");
    EXPECT_EQ(after([](Facts& now) { map(now).id = 5; }), "map packets: its id is 5, and was 31");
}

TEST(Drift, EverythingThatWasRecordedIsCompared) {
    const std::vector<std::function<void(Facts&)>> changes = {
        [](Facts& now) { program(now).type = BPF_PROG_TYPE_SCHED_CLS; },
        [](Facts& now) { program(now).id = 99; },
        [](Facts& now) { program(now).name = bpf::kernel_name("x"); },
        [](Facts& now) { now.programs.items[0].name = protocol::Name::clipped("x"); },
        [](Facts& now) { now.programs.items[0].link.reset(); },
        [](Facts& now) { now.programs.items.pop_back(); },
        [](Facts& now) { std::swap(now.programs.items[0], now.programs.items[1]); },
        [](Facts& now) { link(now).type = bpf::kLinkTcx; },
        [](Facts& now) { link(now).id = 99; },
        [](Facts& now) { link(now).interface = 4; },
        [](Facts& now) { link(now, 1).cgroup = 4'712; },
        [](Facts& now) { link(now, 1).attach_type = BPF_CGROUP_INET6_CONNECT; },
        [](Facts& now) { link(now).target_btf = 1; },
        [](Facts& now) { map(now).type = BPF_MAP_TYPE_HASH; },
        [](Facts& now) { map(now).key_size = 8; },
        [](Facts& now) { map(now).value_size = 4; },
        [](Facts& now) { map(now).max_entries = 1; },
        [](Facts& now) { map(now).name = bpf::kernel_name("x"); },
        [](Facts& now) { now.maps.items[0].name = protocol::Name::clipped("x"); },
        [](Facts& now) { now.maps.items.clear(); },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) EXPECT_NE(after(changes[i]), "") << i;
}

TEST(Drift, ALinkThatWasNotThereIsADifference) {
    auto without = loaded();
    without.programs.items[0].link.reset();
    EXPECT_THAT(drift(without, loaded()), HasSubstr("it has a link, and had none"));
}

TEST(Drift, ForeignNamesAreEscaped) {
    const auto words = after([](Facts& now) { program(now).name = bpf::kernel_name("\x1b[2J"); });
    EXPECT_THAT(words, HasSubstr("\\x1b[2J"));
}

TEST(Drift, RunTimesAreAddedUpToTheLargestFigure) {
    auto facts = loaded();
    program(facts, 0).run_time_ns = 5;
    program(facts, 1).run_time_ns = 6;
    EXPECT_EQ(run_time_ns(facts), 11U);
    program(facts, 1).run_time_ns = ~std::uint64_t{0};
    EXPECT_EQ(run_time_ns(facts), ~std::uint64_t{0});
}

class DriftInKernel : public test::OwnNetworkTest {
  protected:
    Held held;
    Facts named;
    void load() {
        auto program = test::load_program(BPF_PROG_TYPE_XDP, "count", XDP_PASS).value();
        auto on_loopback = test::link_program(program, BPF_XDP, 1).value();
        held.programs.push_back({.program = std::move(program), .link = std::move(on_loopback)});
        held.maps.push_back(test::make_map(BPF_MAP_TYPE_ARRAY, "packets", 8, 1).value());
        named.programs.items.push_back({.name = protocol::Name::clipped("count")});
        named.maps.items.push_back({.name = protocol::Name::clipped("packets")});
    }
};

TEST_F(DriftInKernel, WhatNobodyTouchesDoesNotDrift) {
    load();
    const auto facts = look(held, named);
    ASSERT_OK(facts);
    EXPECT_EQ(facts->programs.items[0].name.str(), "count");
    EXPECT_EQ(drift(*facts, look(held, *facts).value()), "");
}

TEST_F(DriftInKernel, ALinkThatIsGivenAnotherProgramHasDrifted) {
    load();
    const auto facts = look(held, named).value();
    const auto other = test::load_program(BPF_PROG_TYPE_XDP, "other", XDP_DROP).value();
    bpf_attr attribute{};
    attribute.link_update.link_fd = static_cast<std::uint32_t>(held.programs[0].link->get());
    attribute.link_update.new_prog_fd = static_cast<std::uint32_t>(other.get());
    ASSERT_OK(sys::bpf_call(BPF_LINK_UPDATE, attribute, "BPF_LINK_UPDATE"));
    EXPECT_THAT(drift(facts, look(held, facts).value()),
                HasSubstr("program count: its link's program is "));
}

TEST_F(DriftInKernel, ALinkThatSomebodyDetachedHasDrifted) {
    load();
    const auto facts = look(held, named).value();
    ASSERT_OK(bpf::detach(*held.programs[0].link));
    EXPECT_EQ(drift(facts, look(held, facts).value()),
              "program count: its link is detached from interface 1, or that is gone");
}

TEST_F(DriftInKernel, WhatIsOfAnotherKindIsAnErrorThatNamesIt) {
    load();
    std::swap(held.programs[0].program, held.maps[0]);
    const auto facts = look(held, named);
    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().what, "program count: the descriptor is of no BPF program");
}

TEST_F(DriftInKernel, AnotherNumberThanNamedIsAnError) {
    load();
    held.maps.clear();
    EXPECT_FALSE(look(held, named));
}

}  // namespace
}  // namespace bulkhead::broker
