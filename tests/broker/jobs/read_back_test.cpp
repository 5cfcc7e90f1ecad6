// A kernel that lies: calls that set a job's walls say "done" and do nothing. The job must notice.
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "common/sandbox/landlock.hpp"
#include "common/sandbox/walls.hpp"
#include "common/view/root.hpp"
#include "tests/broker/jobs/job_fixture.hpp"
#include "tests/support/forked.hpp"

namespace bulkhead::broker {
namespace {

using policy::Wall;

struct Lie {
    Wall wall;
    const char* call;
    const char* said;  // by the job that found out, at the end
    std::optional<std::uint32_t> first_argument = std::nullopt;
};

const Lie kLies[] = {
    {.wall = Wall::namespaces, .call = "readlink", .said = "mnt namespace differs"},
    {.wall = Wall::limits, .call = "umask", .said = "umask differs"},
    {.wall = Wall::limits, .call = "setpriority", .said = "nice differs"},
    {.wall = Wall::limits, .call = "prlimit64", .said = "a limit differs"},
    {.wall = Wall::identity, .call = "setgroups", .said = "identity: supplementary groups differ"},
    {.wall = Wall::identity, .call = "setresgid", .said = "identity: group id differs"},
    {.wall = Wall::identity, .call = "setresuid", .said = "identity: user id differs"},
    {.wall = Wall::capabilities,
     .call = "prctl",
     .said = "identity: capabilities differ",
     .first_argument = PR_CAPBSET_DROP},
    {.wall = Wall::capabilities,
     .call = "prctl",
     .said = "identity: capabilities differ",
     .first_argument = PR_CAP_AMBIENT},
    {.wall = Wall::capabilities,
     .call = "prctl",
     .said = "identity: securebits differ",
     .first_argument = PR_SET_SECUREBITS},
    {.wall = Wall::no_new_privs,
     .call = "prctl",
     .said = "identity: no_new_privs is off",
     .first_argument = PR_SET_NO_NEW_PRIVS},
    {.wall = Wall::end_with_parent,
     .call = "prctl",
     .said = "it would outlive the broker",
     .first_argument = PR_SET_PDEATHSIG},
    {.wall = Wall::job_view, .call = "mount_setattr", .said = " is writable"},
    {.wall = Wall::id_map, .call = "setns", .said = "user namespace differs"},
    {.wall = Wall::landlock,
     .call = "landlock_restrict_self",
     .said = "landlock differs: what no rule names is open"},
    {.wall = Wall::seccomp, .call = "seccomp", .said = "seccomp differs: no filter was added"}};

// Every such call of this process and its children returns 0 and is not made.
sandbox::Filter lies(const Lie& lie) {
    policy::SyscallRule rule{.call = lie.call,
                             .action = {policy::SyscallAction::error, 0},
                             .conditions = {},
                             .source = {}};
    if (lie.first_argument) {
        rule.conditions = {
            {.argument = 0, .any_of = {{0xffffffff, *lie.first_argument}}, .text = {}}};
    }
    return sandbox::compile({.name = "lie",
                             .fallback = {policy::SyscallAction::allow, 0},
                             .rules = {rule},
                             .source = {}})
        .value();
}

struct ReadBack : CgroupFixture {
    policy::Profile profile = permissive();

    void SetUp() override {
        CgroupFixture::SetUp();
        profile.namespaces.mount = true;
        profile.private_tmp = true;
        profile.umask = 027;
        profile.nice = 7;
        profile.groups = {"root"};
        profile.capabilities = sandbox::capability(CAP_CHOWN);
        profile.limits.file_size = 4096;
        profile.paths = shells();
    }
    // What a job says that runs where the kernel lies so: "ran" if it noticed nothing.
    std::string told(const std::optional<Lie>& lie, bool pid_namespace) {
        profile.namespaces.pid = pid_namespace;
        auto plan = plan_of(profile, "echo ran");
        plan.landlock_abi = sandbox::landlock_abi();
        if (lie && lie->wall == Wall::id_map) plan.user_space = view::IdMap::everybody;
        return run(plan, lie ? lies(*lie) : allow_all());
    }
    std::string run(const JobPlan& plan, const sandbox::Filter& filter = allow_all()) {
        const auto cgroup = tree->make(JobNumber{++number_}, {}).value();
        return test::forked([&]() -> std::string {
            auto out = sys::make_pipe().value();
            auto err = sys::make_pipe().value();
            // Below what the profile says, though the tests may be run by nice(1).
            if (::setpriority(PRIO_PROCESS, 0, 0) != 0) return "setpriority";
            if (const auto done = sandbox::install(filter); !done) return done.error().what;
            auto process =
                JobProcess::spawn(plan, cgroup, std::move(out.write), std::move(err.write));
            if (!process) return process.error().what;
            process->let_go();
            if (!becomes_ready(process->pidfd())) return "hangs";
            const auto status = process->reap().value();
            if (!status.failed_step.empty() && !status.differs()) return "only failed";
            return status.failed_step + sys::read_to_end(out.read, 100).value_or("");
        });
    }

  private:
    std::uint64_t number_ = 0;
};

TEST_F(ReadBack, AnHonestKernelIsBelieved) {
    for (const bool pid_namespace : {false, true}) EXPECT_EQ(told({}, pid_namespace), "ran\n");
}

TEST_F(ReadBack, WhateverWasNotSetIsNoticedAndNoLineRuns) {
    for (const auto& lie : kLies) {
        for (const bool pid_namespace : {false, true}) {
            if (sandbox::lacking_walls({}).has(lie.wall)) continue;
            EXPECT_THAT(told(lie, pid_namespace), testing::EndsWith(lie.said)) << lie.call;
        }
    }
}

// Its place has a test below; of its controllers the broker reads back each file.
TEST_F(ReadBack, EveryWallOfAJobIsLiedAbout) {
    policy::WallSet lied{Wall::place};
    for (const auto& lie : kLies) lied.add(lie.wall);
    auto plan = plan_of(profile, "");
    plan.landlock_abi = 1;
    plan.user_space = view::IdMap::files;
    EXPECT_EQ(walls_of(plan).without(lied).names(), "");
}

TEST_F(ReadBack, AWallThatNobodyRaisedIsNoticed) {
    auto plan = plan_of(profile, "echo ran");
    plan.controllers = {Wall::cgroup_cpu};
    EXPECT_EQ(run(plan), "never raised: cgroup-cpu");
}

TEST_F(ReadBack, APrivateTmpThatIsNotIsNoticed) {
    EXPECT_EQ(told(Lie{.wall = Wall::job_view, .call = "mount", .said = ""}, false),
              "view: /tmp is the host's");
}

TEST_F(ReadBack, AProcessOutsideOfTheCgroupIsNoticed) {
    const auto cgroup = tree->make(JobNumber{1}, {}).value();
    const auto told = cgroup.require_caller();
    ASSERT_FALSE(told);
    EXPECT_EQ(told.error().what, "cgroup differs");
    EXPECT_EQ(told.error().kind, Error::Kind::differs);
}

TEST_F(ReadBack, AWorkerOutsideOfItsCgroupIsNoticed) {
    const auto place = tree->make("worker-main", {}).value();
    const auto worker = sandbox::Child::start(0, place.fd(), [] { ::pause(); }).value();
    EXPECT_TRUE(tree->require_in("worker-main", worker.pid()));
    EXPECT_FALSE(tree->require_in("worker-other", worker.pid()));
    const auto told = tree->require_in("worker-main", ::getpid());
    ASSERT_FALSE(told);
    EXPECT_EQ(told.error().what, "cgroup differs");
}

}  // namespace
}  // namespace bulkhead::broker
