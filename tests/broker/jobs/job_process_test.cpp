// Jobs under a profile that permits everything but what each test is about: what the script finds.
#include "broker/jobs/job_process.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "common/base/parse.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/view/job_view.hpp"
#include "tests/broker/jobs/job_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/files.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using testing::HasSubstr;

struct Ended {
    JobStatus status;
    std::string out;
    std::string err;
    bool left_something = false;  // processes that outlived the first one
};

struct JobProcessTest : CgroupFixture {
    policy::Profile profile = permissive();
    JobProcessTest() { profile.paths = shells(); }
    std::uint64_t number = 0;

    Ended run(const JobPlan& plan) {
        const auto cgroup = tree->make(JobNumber{++number}, {}).value();
        auto out = sys::make_pipe().value();
        auto err = sys::make_pipe().value();
        const ScriptFile script;
        auto process =
            JobProcess::spawn(plan, cgroup, std::move(out.write), std::move(err.write), script.path)
                .value();
        process.let_go();
        EXPECT_TRUE(becomes_ready(process.pidfd()));
        Ended ended;
        ended.status = process.reap().value();
        ended.left_something = cgroup.populated().value();
        EXPECT_TRUE(cgroup.kill());
        // At its end only when nobody holds the write end: neither we nor anything of the job.
        ended.out = sys::read_to_end(out.read, 1 << 20).value();
        ended.err = sys::read_to_end(err.read, 1 << 20).value();
        return ended;
    }
    Ended run(std::string_view script) { return run(plan_of(profile, script)); }
    std::string said(std::string_view script) {
        const auto ended = run(script);
        return ended.status.failed_step + ended.out + ended.err;
    }
};

TEST_F(JobProcessTest, TheExitCodeIsTheScripts) {
    for (const bool pid_namespace : {false, true}) {
        profile.namespaces.pid = profile.namespaces.mount = pid_namespace;
        const auto ended = run("exit 7");
        EXPECT_EQ(ended.status.failed_step, "");
        ASSERT_TRUE(WIFEXITED(ended.status.wait_status));
        EXPECT_EQ(WEXITSTATUS(ended.status.wait_status), 7);
    }
}

TEST_F(JobProcessTest, ASignalIsToldFromAnExitCodeThatLooksLikeIt) {
    for (const bool pid_namespace : {false, true}) {
        profile.namespaces.pid = profile.namespaces.mount = pid_namespace;
        const auto killed = run("kill -9 $$").status.wait_status;
        ASSERT_TRUE(WIFSIGNALED(killed)) << pid_namespace;
        EXPECT_EQ(WTERMSIG(killed), SIGKILL);
        const auto left = run("exit 137").status.wait_status;
        ASSERT_TRUE(WIFEXITED(left)) << pid_namespace;
        EXPECT_EQ(WEXITSTATUS(left), 137);
    }
}

TEST_F(JobProcessTest, AMissingInterpreterIsAFailedStepAndNotAnExitCode) {
    for (const bool pid_namespace : {false, true}) {
        profile.namespaces.pid = profile.namespaces.mount = pid_namespace;
        auto plan = plan_of(profile, "exit 0");
        plan.interpreter = "/no/such/shell";
        EXPECT_EQ(run(plan).status.failed_step, "exec /no/such/shell: No such file or directory");
    }
}

TEST_F(JobProcessTest, TheInterpreterIsGivenTheArgumentsBeforeTheScript) {
    auto plan = plan_of(profile, "false\necho \"not stopped $*\"");
    EXPECT_EQ(run(plan).out, "not stopped \n");
    plan.arguments = {"-e", "-u"};
    const auto ended = run(plan);
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(WEXITSTATUS(ended.status.wait_status), 1);
}

// The tree lies on the host, and a row of the profile shows it to the job.
class PathParams : public JobProcessTest {
  protected:
    PathParams()
        : tree_({{"cache/inner/x", ""}, {"cache/file", ""}, {"cached/x", ""}, {"secret", ""}}) {
        ::mkdir((path() + "/cache/closed").c_str(), 0700);
        tree_.link("cache/good", "inner");
        tree_.link("cache/up", "../secret");
        tree_.link("cache/above", "..");
        tree_.link("cache/beside", path() + "/cached");
        tree_.link("cache/nowhere", "/no/such/file");
        tree_.link("cache/loop", "loop");
        tree_.link("alias", "cache");
        ::chmod(path().c_str(), 0755);
        profile.paths.push_back({.access = policy::Access::read, .path = path(), .source = {}});
    }
    const std::string& path() const { return tree_.path(); }
    // What became of a job with this value.
    std::string with(const std::string& value, const std::string& prefix = "cache") {
        auto plan = plan_of(profile, "echo ran");
        plan.paths = {{"dir", path() + "/" + value, path() + "/" + prefix}};
        const auto ended = run(plan);
        EXPECT_EQ(ended.status.failed_step.empty(), ended.out == "ran\n");
        EXPECT_EQ(ended.status.leads_out(), ended.out.empty());
        return ended.out + ended.status.failed_step;
    }
    std::string says(const std::string& value, const std::string& what) const {
        return "parameter dir: " + (path() + "/" + value) + ": " + what;
    }
    std::string leads(const std::string& value, const std::string& to) const {
        return says(value, "leads to " + (path() + "/" + to) + ", which is not beneath " +
                               (path() + "/cache"));
    }
    test::Tree tree_;
};

TEST_F(PathParams, ThatStayBeneathTheirPrefixAreGivenToTheScript) {
    for (const bool view : {false, true}) {
        profile.namespaces.mount = profile.namespaces.pid = view;
        for (const auto* value : {"cache/file", "cache/inner", "cache/good", "cache/new",
                                  "cache/inner/new", "cache/good/new"}) {
            EXPECT_EQ(with(value), "ran\n") << view;
        }
    }
}

TEST_F(PathParams, ThatLeadOutOfTheirPrefixStartNothing) {
    for (const bool view : {false, true}) {
        profile.namespaces.mount = profile.namespaces.pid = view;
        EXPECT_EQ(with("cache/up"), leads("cache/up", "secret")) << view;
        EXPECT_EQ(with("cache/above"),
                  says("cache/above",
                       "leads to " + path() + ", which is not beneath " + (path() + "/cache")));
        EXPECT_EQ(with("cache/above/cache"), leads("cache/above/cache", "cache"));
        EXPECT_EQ(with("cache/above/new"), leads("cache/above/new", "new"));
        EXPECT_EQ(with("cache/beside"), leads("cache/beside", "cached"));
        EXPECT_EQ(with("cache/beside/new"), leads("cache/beside/new", "cached/new"));
        EXPECT_EQ(with("alias/file", "alias"),
                  says("alias/file", "leads to " + (path() + "/cache/file") +
                                         ", which is not beneath " + (path() + "/alias")));
    }
}

TEST_F(PathParams, ThatLeadNowhereStartNothing) {
    for (const bool view : {false, true}) {
        profile.namespaces.mount = profile.namespaces.pid = view;
        EXPECT_EQ(with("cache/nowhere"), says("cache/nowhere", "is a symlink that leads nowhere"));
        EXPECT_EQ(with("cache/absent/new"),
                  says("cache/absent/new", "cannot be resolved: No such file or directory"));
        EXPECT_EQ(with("cache/file/new"),
                  says("cache/file/new", "cannot be resolved: Not a directory"));
        EXPECT_EQ(with("cache/loop"),
                  says("cache/loop", "cannot be resolved: Too many levels of symbolic links"));
        EXPECT_EQ(with("cache/closed/x"),
                  says("cache/closed/x", "cannot be resolved: Permission denied"))
            << "with the job's rights";
    }
}

TEST_F(JobProcessTest, AStepThatFailsBeforeExecIsNamed) {
    if (sandbox::landlock_abi() == 0) GTEST_SKIP() << "this kernel has no Landlock";
    profile.paths = {{.access = policy::Access::read,
                      .path = "/no/such/place",
                      .source = {"profiles/test.profile", 4, ""}}};
    auto plan = plan_of(profile, "echo ran");
    plan.landlock_abi = 1;
    const auto ended = run(plan);
    EXPECT_EQ(ended.status.failed_step,
              "profiles/test.profile:4: /no/such/place: No such file or directory");
    EXPECT_EQ(ended.out, "") << "no line of it ran";
}

TEST_F(JobProcessTest, AnUnknownUserOrGroupIsRefusedBeforeAnythingStarts) {
    auto unknown = permissive();
    unknown.user = "no-such-user";
    EXPECT_THAT(make_plan(unknown, {}, 0).error().what, HasSubstr("no \"no-such-user\""));
    unknown = permissive();
    unknown.group = "no-such-group";
    EXPECT_FALSE(make_plan(unknown, {}, 0));
    unknown = permissive();
    unknown.groups = {"no-such-group"};
    EXPECT_FALSE(make_plan(unknown, {}, 0));
}

TEST_F(JobProcessTest, TheEnvironmentIsExactlyThePlans) {
    ::setenv("BULKHEAD_TEST_SECRET", "of the broker", 1);
    auto plan = plan_of(profile, "tr '\\0' '\\n' </proc/$$/environ");
    plan.environment = {"PATH=/usr/bin:/bin", "JOB_P_name=a b\"$(c)", "LANG=C.UTF-8"};
    EXPECT_EQ(run(plan).out, "PATH=/usr/bin:/bin\nJOB_P_name=a b\"$(c)\nLANG=C.UTF-8\n");
    ::unsetenv("BULKHEAD_TEST_SECRET");
}

TEST_F(JobProcessTest, NoDescriptorOfTheBrokerIsInherited) {
    // Without close-on-exec on purpose: the job must not see it all the same.
    const sys::Fd secret(::fcntl(sys::Fd(::open("/etc/passwd", O_RDONLY)).get(), F_DUPFD, 40));
    // The last is the directory that ls itself has open.
    EXPECT_EQ(said("ls /proc/self/fd"), "0\n1\n2\n3\n");
    EXPECT_EQ(said("readlink /proc/self/fd/0"), "/dev/null\n");
}

TEST_F(JobProcessTest, TheScriptCannotBeChangedByTheJob) {
    const auto* kTry = "{ echo evil >$0 || chmod 777 $0 || rm $0; } 2>/dev/null || echo no";
    EXPECT_EQ(said(kTry), "no\n");
    profile.namespaces.mount = true;
    EXPECT_EQ(said(kTry), "no\n");
    EXPECT_THAT(said("echo $0"), testing::StartsWith("/job/script/test-"));
    profile.user = profile.group = "root";
    EXPECT_EQ(said(kTry), "no\n") << "its mount is read-only";
}

TEST_F(JobProcessTest, OutputAndErrorsAreApartOrMerged) {
    const auto script = "echo out; echo err >&2; echo out";
    auto ended = run(script);
    EXPECT_EQ(ended.out, "out\nout\n");
    EXPECT_EQ(ended.err, "err\n");
    auto plan = plan_of(profile, script);
    plan.merged = true;
    ended = run(plan);
    EXPECT_EQ(ended.out, "out\nerr\nout\n") << "in the order of writing";
    EXPECT_EQ(ended.err, "");
}

TEST_F(JobProcessTest, IdentityIsThePlansInEverySet) {
    profile.capabilities = 1;  // CAP_CHOWN
    profile.groups = {"root"};
    const auto plan = plan_of(profile, "cat /proc/self/status");
    const auto seen = sandbox::parse_proc_status(run(plan).out).value();
    const auto same = sandbox::require_ids(seen, plan.ids);
    EXPECT_OK(same);
    EXPECT_EQ(seen.seccomp, 2);
    EXPECT_EQ(seen.uids[0], 65534U);
}

TEST_F(JobProcessTest, SignalsAreAsFreshAsAfterBoot) {
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t usr1;
    ::sigemptyset(&usr1);
    ::sigaddset(&usr1, SIGUSR1);
    ::sigprocmask(SIG_BLOCK, &usr1, nullptr);
    EXPECT_EQ(said("grep -E '^Sig(Blk|Ign)' /proc/self/status"),
              "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    ::sigprocmask(SIG_UNBLOCK, &usr1, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
}

TEST_F(JobProcessTest, UmaskAndNicenessAreTheProfiles) {
    profile.umask = 027;
    profile.nice = 7;
    const int stricter = std::max(7, ::getpriority(PRIO_PROCESS, 0));  // this test may be nice, too
    EXPECT_EQ(said("umask; nice"), "0027\n" + std::to_string(stricter) + "\n");
}

TEST_F(JobProcessTest, LimitsAreTheProfilesAndHard) {
    profile.limits = {.memory = 1 << 30, .pids = 300, .file_size = 4096, .open_files = 64};
    const auto script = "ulimit -Hn; ulimit -Hf; ulimit -Hc; ulimit -Hv; ulimit -Hp";
    auto plan = plan_of(profile, script);
    plan.limit_memory_by_process = true;
    plan.limit_pids_by_user = true;
    EXPECT_EQ(run(plan).out, "64\n8\n0\n1048576\n300\n");
    EXPECT_THAT(said(script), testing::StartsWith("64\n8\n0\nunlimited\n"))
        << "where the cgroup counts memory, the process does not";
    EXPECT_THAT(said("ulimit -n 65 2>&1 || echo held"), HasSubstr("held"));
}

TEST_F(JobProcessTest, StartsInTheRootDirectoryAndASessionOfItsOwn) {
    EXPECT_EQ(said("pwd; set -- $(cat /proc/$$/stat); test $6 = $$ && echo leads"), "/\nleads\n");
}

TEST_F(JobProcessTest, APrivateTmpIsEmptyAndVanishes) {
    const test::TempDir outside;  // below /tmp, as a rule
    profile.namespaces.mount = true;
    profile.private_tmp = true;
    const auto name = "/tmp/bulkhead-job-" + std::to_string(::getpid());
    const auto ended = run("ls -A /tmp /var/tmp; echo made >" + name + " && cat " + name);
    EXPECT_EQ(ended.out, "/tmp:\n\n/var/tmp:\nmade\n") << ended.err;
    EXPECT_NE(::access(name.c_str(), F_OK), 0);
}

TEST_F(JobProcessTest, AMountNamespaceIsReadOnlyButForWritePaths) {
    profile.user = profile.group = "root";
    profile.namespaces.mount = true;
    // All that we have but CAP_SYS_ADMIN, which could remount.
    profile.capabilities = sandbox::read_proc_status(::getpid()).value().permitted & ~(1ULL << 21);
    std::string writable = "/run/bulkhead-job-XXXXXX";
    ASSERT_NE(::mkdtemp(writable.data()), nullptr);
    profile.paths.push_back({.access = policy::Access::write, .path = writable, .source = {}});
    const auto text =
        said("touch " + writable +
             "/new && echo yes; touch /run/bulkhead-job-no /etc/bulkhead-job-no 2>&1");
    EXPECT_THAT(text, testing::StartsWith("yes\n"));
    EXPECT_NE(::unlink("/run/bulkhead-job-no"), 0) << "it was made";
    EXPECT_NE(::unlink("/etc/bulkhead-job-no"), 0) << "it was made";
    EXPECT_EQ(::access((writable + "/new").c_str(), F_OK), 0) << "the write path is the host's";
    ::unlink((writable + "/new").c_str());
    ::rmdir(writable.c_str());
}

TEST_F(JobProcessTest, WhatIsMountedBeneathAWritePathIsNotInIt) {
    profile.user = profile.group = "root";
    profile.namespaces.mount = true;
    std::string writable = "/run/bulkhead-job-XXXXXX";
    ASSERT_NE(::mkdtemp(writable.data()), nullptr);
    const auto beneath = writable + "/mounted";
    ASSERT_EQ(::mkdir(beneath.c_str(), 0755), 0);
    profile.paths.push_back({.access = policy::Access::write, .path = writable, .source = {}});
    const auto text = test::forked([&]() -> std::string {
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("none", beneath.c_str(), "tmpfs", 0, "") != 0 ||
            ::mkdir((beneath + "/inside").c_str(), 0755) != 0) {
            return "cannot mount";
        }
        return said("ls " + beneath + "; echo that is all");
    });
    EXPECT_EQ(text, "that is all\n");
    ::rmdir(beneath.c_str());
    ::rmdir(writable.c_str());
}

TEST_F(JobProcessTest, APidNamespaceShowsOnlyTheJob) {
    profile.namespaces.pid = profile.namespaces.mount = true;
    EXPECT_EQ(said("echo $$; cd /proc; set -- [0-9]*; echo $#"), "2\n2\n") << "init and the script";
    EXPECT_THAT(said("kill -9 1; echo alive"), HasSubstr("alive"));
}

TEST_F(JobProcessTest, ANetNamespaceHasNothingInIt) {
    profile.namespaces.net = true;
    EXPECT_THAT(said("grep -c : /proc/net/dev; grep -o lo: /proc/net/dev"), "1\nlo:\n");
}

TEST_F(JobProcessTest, WhatForksAwayStaysInTheCgroupAndDiesWithIt) {
    const auto ended = run(
        "(setsid sleep 600 & setsid sh -c 'trap \"\" TERM; sleep 600 & sleep 600' &) ; echo gone");
    EXPECT_EQ(WEXITSTATUS(ended.status.wait_status), 0);
    EXPECT_EQ(ended.out, "gone\n") << "the pipe came to its end, so every holder is dead";
    EXPECT_TRUE(ended.left_something);
}

TEST_F(JobProcessTest, InAPidNamespaceLeftoversEndWithTheScript) {
    profile.namespaces.pid = profile.namespaces.mount = true;
    const auto ended = run("(setsid sleep 600 & setsid sleep 600 &); exit 3");
    EXPECT_EQ(WEXITSTATUS(ended.status.wait_status), 3) << "an orphan's end is not the script's";
}

std::size_t processes_of(const Cgroup& cgroup) {
    const sys::Fd file(::openat(cgroup.fd(), "cgroup.procs", O_RDONLY | O_CLOEXEC));
    const auto text = sys::read_to_end(file, 1 << 20).value_or("");
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_F(JobProcessTest, AForkBombIsBoundedAndGoesAtOnce) {
    constexpr std::size_t kMost = 40;
    profile.limits.pids = kMost;
    for (const bool pid_namespace : {false, true}) {
        // A user for each: others' processes would count, and zombies too.
        profile.user = pid_namespace ? "64777:64777" : "64778:64778";
        profile.group = "64777";
        profile.namespaces.pid = profile.namespaces.mount = pid_namespace;
        auto plan = plan_of(profile, "trap '' TERM HUP; exec 2>&-; b() { b | b & }; b; sleep 600");
        plan.interpreter = "/bin/bash";
        plan.limit_pids_by_user = true;
        const auto cgroup = tree->make(JobNumber{++number}, {}).value();
        const ScriptFile script;
        auto process = JobProcess::spawn(plan, cgroup, sys::make_pipe().value().write,
                                         sys::make_pipe().value().write, script.path)
                           .value();
        process.let_go();
        std::size_t most = 0;
        const auto reached = [&] {
            most = std::max(most, processes_of(cgroup));
            return most >= kMost;
        };
        test::eventually(reached, std::chrono::minutes(1));
        EXPECT_EQ(most, kMost) << "it reaches its bound";
        for (int look = 0; look < 100; ++look) {
            EXPECT_LE(processes_of(cgroup), kMost) << "and never passes it";
            ::usleep(1000);
        }
        EXPECT_TRUE(cgroup.kill());
        EXPECT_TRUE(becomes_ready(process.pidfd()));
        process.reap().value();
        EXPECT_TRUE(
            test::eventually([&] { return !cgroup.populated().value(); }, std::chrono::minutes(1)));
    }
}

TEST_F(JobProcessTest, NothingOfItHasRunIfItWasNeverLetGo) {
    for (const bool pid_namespace : {false, true}) {
        profile.namespaces.pid = profile.namespaces.mount = pid_namespace;
        const auto cgroup = tree->make(JobNumber{++number}, {}).value();
        auto out = sys::make_pipe().value();
        {
            const ScriptFile script;
            const auto process =
                JobProcess::spawn(plan_of(profile, "echo ran"), cgroup, std::move(out.write),
                                  sys::make_pipe().value().write, script.path)
                    .value();
            // The filter is its last wall.
            const auto stands = [](pid_t pid) {
                const auto status = test::content_of("/proc/" + std::to_string(pid) + "/status");
                return status.find("\nSeccomp:\t2\n") != status.npos;
            };
            EXPECT_TRUE(
                test::eventually([&] { return std::ranges::any_of(cgroup.processes(), stands); },
                                 std::chrono::minutes(1)));
        }
        EXPECT_TRUE(cgroup.kill());
        EXPECT_EQ(sys::read_to_end(out.read, 100).value(), "");
    }
}

TEST_F(JobProcessTest, WhatIsNotReapedGoesWithItsOwner) {
    pid_t pid = 0;
    const auto cgroup = tree->make(JobNumber{++number}, {}).value();
    {
        const ScriptFile script;
        const auto process =
            JobProcess::spawn(plan_of(profile, "sleep 600"), cgroup, sys::make_pipe().value().write,
                              sys::make_pipe().value().write, script.path)
                .value();
        siginfo_t info{};
        ASSERT_EQ(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), 0) << "it lives";
        const sys::Fd file(::openat(cgroup.fd(), "cgroup.procs", O_RDONLY | O_CLOEXEC));
        pid = std::stoi(sys::read_to_end(file, 100).value());
    }
    EXPECT_EQ(::kill(pid, 0), -1) << "not even a zombie is left";
}

// vm.memfd_noexec is a setting of a pid namespace (Linux 6.3).
TEST_F(JobProcessTest, RunsWhereNoMemoryFileMayBeExecuted) {
    if (::access("/proc/sys/vm/memfd_noexec", W_OK) != 0) {
        GTEST_SKIP() << "this kernel has no vm.memfd_noexec";
    }
    for (const char* level : {"1", "2"}) {
        const auto told = test::forked([&]() -> std::string {
            if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) return "no pid namespace";
            return test::forked([&]() -> std::string {
                ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
                ::mount("proc", "/proc", "proc", 0, nullptr);
                const sys::Fd sysctl(::open("/proc/sys/vm/memfd_noexec", O_WRONLY | O_CLOEXEC));
                if (!sys::write_all(sysctl, as_bytes(level))) return "cannot set it";
                for (const bool pid_namespace : {false, true}) {
                    profile.namespaces.pid = profile.namespaces.mount = pid_namespace;
                    const auto text = said("echo ran");
                    if (text != "ran\n") return text.empty() ? "silence" : text;
                }
                return "both ran";
            });
        });
        EXPECT_EQ(told, "both ran") << level;
    }
}

TEST_F(JobProcessTest, TheFilterIsInForceForTheScript) {
    auto plan = plan_of(profile, "mkdir /tmp/x 2>&1; exit 0");
    plan.filter = sandbox::compile({.name = "test",
                                    .fallback = {policy::SyscallAction::allow, 0},
                                    .rules = {{.call = "mkdir",
                                               .action = {policy::SyscallAction::error, EXDEV},
                                               .conditions = {},
                                               .source = {}},
                                              {.call = "mkdirat",
                                               .action = {policy::SyscallAction::error, EXDEV},
                                               .conditions = {},
                                               .source = {}}},
                                    .source = {}})
                      .value();
    EXPECT_THAT(run(plan).out, HasSubstr("cross-device"));
}

TEST_F(JobProcessTest, LandlockIsInForceForTheScript) {
    if (sandbox::landlock_abi() == 0) GTEST_SKIP() << "this kernel has no Landlock";
    std::erase_if(profile.paths, [](const auto& rule) { return rule.path == "/etc"; });
    auto plan = plan_of(profile, "cat /etc/passwd >/proc/self/fd/1 2>&1; cat /proc/version");
    plan.landlock_abi = sandbox::landlock_abi();
    const auto ended = run(plan);
    EXPECT_THAT(ended.out, HasSubstr("Linux version"));
    EXPECT_EQ(ended.out.find("root:"), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::broker
