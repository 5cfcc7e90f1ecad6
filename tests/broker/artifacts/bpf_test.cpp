#include "broker/artifacts/bpf.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#include "tests/broker/artifacts/own_network.hpp"
#include "tests/support/bpf.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/kernel.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/scratch_cgroup.hpp"

namespace bulkhead::broker::bpf {
namespace {

using namespace std::chrono_literals;
using test::load_program;
using test::make_map;

class BpfTest : public test::OwnNetworkTest {
  protected:
    sys::Fd xdp(std::string_view name = "count", int value = XDP_PASS) {
        return load_program(BPF_PROG_TYPE_XDP, name, value).value();
    }
};

TEST_F(BpfTest, AProgramIsToldByTypeNameTagAndId) {
    const auto one = program_info(xdp("a_name_of_more_than_15_bytes"));
    ASSERT_OK(one);
    EXPECT_EQ(one->type, std::uint32_t{BPF_PROG_TYPE_XDP});
    EXPECT_EQ(one->name, kernel_name("a_name_of_more_than_15_bytes"));
    EXPECT_NE(one->id, 0U);
    const auto same = program_info(xdp("b")).value();
    const auto other = program_info(xdp("b", XDP_DROP)).value();
    EXPECT_EQ(one->tag, same.tag);
    EXPECT_NE(one->tag, other.tag);
    EXPECT_NE(one->id, same.id);
}

TEST_F(BpfTest, RunsAndRunTimeAreCountedOnceTheyAreEnabled) {
    const auto program = xdp();
    const auto enabled = enable_run_time();
    ASSERT_OK(enabled);
    ASSERT_OK(test::run_program(program, 1'000));
    const auto info = program_info(program).value();
    EXPECT_EQ(info.run_count, 1'000U);
    EXPECT_GT(info.run_time_ns, 0U);
}

TEST_F(BpfTest, AnXdpLinkIsOnItsInterfaceUntilItIsDetached) {
    const auto program = xdp();
    const auto link = test::link_program(program, BPF_XDP, 1);
    ASSERT_OK(link);
    const auto before = link_info(*link).value();
    EXPECT_EQ(before.type, std::uint32_t{BPF_LINK_TYPE_XDP});
    EXPECT_EQ(before.program_id, program_info(program).value().id);
    EXPECT_EQ(before.interface, 1U);
    ASSERT_OK(detach(*link));
    EXPECT_EQ(link_info(*link).value().interface, 0U);
    ASSERT_OK(test::link_program(program, BPF_XDP, 1)) << "the interface is free again";
}

TEST_F(BpfTest, AnXdpLinkWhoseInterfaceIsGoneIsOnNone) {
    test::Interface interface;
    if (interface.index() == 0) GTEST_SKIP() << "no TUN devices here";
    const auto link = test::link_program(xdp(), BPF_XDP, interface.index());
    ASSERT_OK(link);
    EXPECT_EQ(link_info(*link).value().interface, interface.index());
    interface.remove();
    EXPECT_EQ(link_info(*link).value().interface, 0U);
}

TEST_F(BpfTest, ATcxLinkTellsItsInterfaceAndDirection) {
    const auto program = load_program(BPF_PROG_TYPE_SCHED_CLS, "egress", 0).value();
    const auto link = test::link_program(program, kTcxEgress, 1);
    if (!link) GTEST_SKIP() << "no tcx before Linux 6.6: " << link.error().what;
    const auto info = link_info(*link).value();
    EXPECT_EQ(info.type, kLinkTcx);
    EXPECT_EQ(info.interface, 1U);
    EXPECT_EQ(info.attach_type, kTcxEgress);
    ASSERT_OK(detach(*link));
    EXPECT_EQ(link_info(*link).value().interface, 0U);
}

TEST_F(BpfTest, ACgroupLinkTellsTheDirectoryAndTheHook) {
    if (!test::cgroup2_is_mounted()) GTEST_SKIP() << "no cgroup2";
    const auto program =
        load_program(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "connect", 1, BPF_CGROUP_INET4_CONNECT);
    ASSERT_OK(program);
    Result<sys::Fd> link = fail("");
    {
        const test::ScratchCgroup cgroup;
        link = test::link_program(*program, BPF_CGROUP_INET4_CONNECT,
                                  static_cast<std::uint32_t>(cgroup.fd()));
        ASSERT_OK(link);
        struct stat status {};
        ::fstat(cgroup.fd(), &status);
        const auto info = link_info(*link).value();
        EXPECT_EQ(info.type, std::uint32_t{BPF_LINK_TYPE_CGROUP});
        EXPECT_EQ(info.cgroup, status.st_ino);
        EXPECT_EQ(info.attach_type, std::uint32_t{BPF_CGROUP_INET4_CONNECT});
    }
    EXPECT_TRUE(test::eventually([&] { return link_info(*link).value().cgroup == 0; }, 10s));
}

TEST_F(BpfTest, ALinkThatOnlyClosingEndsIsToldByItsErrno) {
    const auto program = load_program(BPF_PROG_TYPE_RAW_TRACEPOINT, "trace", 0);
    ASSERT_OK(program);
    bpf_attr attribute{};
    attribute.raw_tracepoint.name = sys::bpf_address("sys_enter");
    attribute.raw_tracepoint.prog_fd = static_cast<std::uint32_t>(program->get());
    const auto link = sys::bpf_open(BPF_RAW_TRACEPOINT_OPEN, attribute, "raw tracepoint");
    if (!link) GTEST_SKIP() << link.error().what;
    const auto detached = detach(*link);
    ASSERT_FALSE(detached);
    EXPECT_EQ(detached.error().code, EOPNOTSUPP);
}

// The kernel fills in what the descriptor is: this map's key size lies where a link has the id of
// its program.
TEST_F(BpfTest, AMapDoesNotPassForALink) {
    const auto map = make_map(BPF_MAP_TYPE_LPM_TRIE, "liar", 8, 1, 77, BPF_F_NO_PREALLOC);
    ASSERT_OK(map);
    const auto info = link_info(*map);
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().kind, Error::Kind::differs);
    EXPECT_EQ(detach(*map).error().kind, Error::Kind::differs);
}

TEST_F(BpfTest, EachKindPassesForNoOther) {
    const auto program = xdp();
    const auto link = test::link_program(program, BPF_XDP, 1).value();
    const auto map = make_map(BPF_MAP_TYPE_ARRAY, "m", 8, 1).value();
    const auto file = sys::sealed_memfd("file", as_bytes("link_type:\tx\n")).value();
    for (const auto* other : {&link, &map, &file}) EXPECT_FALSE(program_info(*other));
    for (const auto* other : {&program, &map, &file}) EXPECT_FALSE(link_info(*other));
    for (const auto* other : {&program, &link, &file}) EXPECT_FALSE(map_info(*other));
}

TEST_F(BpfTest, AMapIsToldByTypeNameAndSizes) {
    const auto map = map_info(make_map(BPF_MAP_TYPE_HASH, "flows", 16, 32, 8).value());
    ASSERT_OK(map);
    EXPECT_EQ(map->type, std::uint32_t{BPF_MAP_TYPE_HASH});
    EXPECT_EQ(map->name.str(), "flows");
    EXPECT_EQ(map->key_size, 8U);
    EXPECT_EQ(map->value_size, 16U);
    EXPECT_EQ(map->max_entries, 32U);
}

TEST_F(BpfTest, TheCountersOfAnArrayAreAdded) {
    const auto map = make_map(BPF_MAP_TYPE_ARRAY, "drops", 8, 3).value();
    const std::uint64_t values[] = {5, 0, 37};
    for (std::uint32_t i = 0; i < 3; ++i) ASSERT_OK(test::put_in_map(map, i, values + i));
    EXPECT_EQ(sum_of_map(map).value(), 42U);
}

TEST_F(BpfTest, TheCountersOfEveryProcessorAreAdded) {
    const auto map = make_map(BPF_MAP_TYPE_PERCPU_ARRAY, "drops", 8, 2).value();
    const std::vector<std::uint64_t> values(8'192, 1);
    ASSERT_OK(test::put_in_map(map, 0, values.data()));
    ASSERT_OK(test::put_in_map(map, 1, values.data()));
    const auto sum = sum_of_map(map).value();
    EXPECT_GE(sum, 2 * static_cast<std::uint64_t>(::get_nprocs_conf()));
    EXPECT_EQ(sum % 2, 0U);
}

TEST_F(BpfTest, ASumStopsAtTheLargestFigure) {
    const auto map = make_map(BPF_MAP_TYPE_ARRAY, "drops", 8, 2).value();
    const std::uint64_t most = ~std::uint64_t{0};
    ASSERT_OK(test::put_in_map(map, 0, &most));
    ASSERT_OK(test::put_in_map(map, 1, &most));
    EXPECT_EQ(sum_of_map(map).value(), most);
}

TEST_F(BpfTest, OtherMapsAreNotAdded) {
    EXPECT_FALSE(sum_of_map(make_map(BPF_MAP_TYPE_HASH, "hash", 8, 1).value()));
    EXPECT_FALSE(sum_of_map(make_map(BPF_MAP_TYPE_ARRAY, "narrow", 4, 1).value()));
    EXPECT_FALSE(sum_of_map(make_map(BPF_MAP_TYPE_ARRAY, "wide", 16, 1).value()));
    EXPECT_FALSE(sum_of_map(make_map(BPF_MAP_TYPE_ARRAY, "long", 8, kMostSummed + 1).value()));
    EXPECT_FALSE(sum_of_map(xdp()));
}

}  // namespace
}  // namespace bulkhead::broker::bpf
