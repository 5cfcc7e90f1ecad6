// A cgroup tree of the test's own, and profiles that permit everything but what a test sets.
#pragma once
#include <gmock/gmock.h>
#include <poll.h>
#include <unistd.h>

#include "broker/jobs/job_process.hpp"
#include "tests/support/kernel.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::broker {

inline policy::Profile permissive() {
    policy::Profile profile;
    profile.name = "test";
    profile.user = "nobody";
    profile.group = "nogroup";
    profile.private_tmp = false;
    profile.umask = 022;
    return profile;
}

inline sandbox::Filter allow_all() {
    return sandbox::compile({.name = "test",
                             .fallback = {policy::SyscallAction::allow, 0},
                             .rules = {},
                             .source = {}})
        .value();
}

// What a shell needs of the host, for profiles with a root directory of their own.
inline std::vector<policy::PathRule> shells() {
    std::vector<policy::PathRule> rows;
    for (const char* path : {"/usr", "/bin", "/lib", "/lib64", "/etc", "/proc"}) {
        rows.push_back(
            {.access = policy::Access::execute, .path = path, .if_present = true, .source = {}});
    }
    return rows;
}

// The file of a script that is in no view; gone with its owner.
struct ScriptFile {
    std::string path = "/run/bulkhead-test-script-" + std::to_string(::getpid());
    ~ScriptFile() { ::unlink(path.c_str()); }
};

inline JobPlan plan_of(const policy::Profile& profile, std::string_view script) {
    auto plan = make_plan(profile, allow_all(), 0).value();
    plan.interpreter = "/bin/sh";
    plan.script = sys::sealed_memfd("job", as_bytes(script)).value();
    plan.script_name = "test-" + std::to_string(::getpid());
    plan.script_directory = "/run";
    plan.environment = {"PATH=/usr/bin:/bin"};
    return plan;
}

// Long enough for any machine: a stop for a hang, not a measurement.
inline bool becomes_ready(const sys::Fd& fd, short events = POLLIN) {
    pollfd one{.fd = fd.get(), .events = events, .revents = 0};
    return ::poll(&one, 1, 60'000) == 1;
}

struct CgroupFixture : testing::Test {
    std::optional<CgroupTree> tree;

    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root to make cgroups";
        if (!test::cgroup2_is_mounted()) GTEST_SKIP() << "no cgroup2 file system is mounted";
        auto made = CgroupTree::create("test-" + std::to_string(::getpid()));
        ASSERT_OK(made);
        tree.emplace(*std::move(made));
    }
};

}  // namespace bulkhead::broker
