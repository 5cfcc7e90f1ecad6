#include "worker/host/system/bpf_support.hpp"

#include <gtest/gtest.h>

#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

TEST(BpfSupport, WhatIsThereAndWhatIsNot) {
    const auto root =
        bulkhead::test::tree({{"sys/kernel/btf/vmlinux", "x"},
                              {"sys/devices/kprobe/type", "8\n"},
                              {"proc/sys/kernel/perf_event_paranoid", "2\n"},
                              {"proc/sys/kernel/unprivileged_bpf_disabled", "2\n"},
                              {"sys/kernel/security/lsm", "lockdown,capability,landlock,bpf"},
                              {"sys/kernel/tracing/events/syscalls/enable", "0\n"}});
    root.write("sys/bus/event_source/devices/.keep", "");
    root.link("sys/bus/event_source/devices/kprobe", "../../../devices/kprobe");
    const auto seen = read_bpf_support(root);
    EXPECT_EQ(seen.btf, true);
    EXPECT_EQ(seen.features, (std::map<std::string, bool>{{"cgroup", false},
                                                          {"kprobe", true},
                                                          {"kretprobe", true},
                                                          {"perf_event", true},
                                                          {"tracepoint", false}}));
    EXPECT_EQ(seen.hooks.at("security"), true);
    EXPECT_EQ(seen.hooks.at("syscalls"), true);
    EXPECT_EQ(seen.hooks.at("network"), false);
    EXPECT_EQ(seen.limits,
              (std::map<std::string, std::string>{{"unprivileged_bpf_disabled", "2"}}));
}

TEST(BpfSupport, OfAnotherListTheNameIsNotEnough) {
    const auto root =
        bulkhead::test::tree({{"sys/kernel/security/lsm", "capability,bpfx,landlock"}});
    EXPECT_EQ(read_bpf_support(root).hooks.at("security"), false);
}

TEST(BpfSupport, WhatCannotBeReadIsAbsent) {
    const auto root = bulkhead::test::tree({{"x", ""}});
    const auto seen = read_bpf_support(root);
    EXPECT_EQ(seen.btf, false);
    EXPECT_FALSE(seen.hooks.contains("security")) << "without the list nobody knows";
    EXPECT_TRUE(seen.limits.empty());
}

}  // namespace
}  // namespace bulkhead::worker
