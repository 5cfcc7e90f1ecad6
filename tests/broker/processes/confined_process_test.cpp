#include "broker/processes/confined_process.hpp"

#include <gmock/gmock.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>

#include "tests/broker/processes/stand_in.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/in_run.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using namespace std::chrono_literals;

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

struct ConfinedProcessTest : testing::Test {
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root to start somebody else";
    }
};

TEST_F(ConfinedProcessTest, IsNobodyBeforeItsFirstInstruction) {
    const auto worker = ConfinedProcess::spawn(test::sleeping_plan()).value();
    test::wait_for_exec(worker.pid());
    const auto seen = sandbox::read_proc_status(worker.pid()).value();
    const auto same =
        sandbox::require_ids(seen, {.user = test::kStandIn, .groups = {}, .capabilities = 0});
    EXPECT_OK(same);
}

TEST_F(ConfinedProcessTest, WithoutASeccompFilterItIsNotConfined) {
    const auto worker = ConfinedProcess::spawn(test::sleeping_plan()).value();
    test::wait_for_exec(worker.pid());
    EXPECT_EQ(worker.require_confined().error().what, "no seccomp filter");
}

TEST_F(ConfinedProcessTest, AFilterThatCameWithTheForkIsNotItsOwn) {
    const auto filtered = [] {
        sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        const sock_fprog all{.len = 1, .filter = &allow};
        if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
            ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) != 0) {
            std::exit(2);
        }
        const auto worker = ConfinedProcess::spawn(test::sleeping_plan()).value();
        test::wait_for_exec(worker.pid());
        const auto confined = worker.require_confined();
        std::fputs(confined ? "confined" : confined.error().what.c_str(), stderr);
        std::exit(0);
    };
    EXPECT_EXIT(filtered(), testing::ExitedWithCode(0), "^no seccomp filter of its own$");
}

TEST_F(ConfinedProcessTest, IsBornWithItsLimitsInASessionOfItsOwn) {
    auto plan = test::sleeping_plan();
    const auto limits = [&] {
        const auto worker = ConfinedProcess::spawn(plan).value();
        test::wait_for_exec(worker.pid());
        EXPECT_EQ(::getsid(worker.pid()), worker.pid());
        EXPECT_TRUE(::fcntl(worker.channel().descriptor().get(), F_GETFL) & O_NONBLOCK);
        const auto place = "/proc/" + std::to_string(worker.pid());
        std::array<char, 64> text{};
        EXPECT_EQ(::readlink((place + "/fd/0").c_str(), text.data(), text.size()), 9);
        EXPECT_STREQ(text.data(), "/dev/null");
        const auto proc = sys::Dir::open(place).value();
        EXPECT_THAT(proc.read_file("status", 65536).value(), HasSubstr("\nUmask:\t0077\n"));
        return proc.read_file("limits", 65536).value();
    };
    const auto row = [](std::string_view name, const std::string& value) {
        return testing::ContainsRegex(std::string(name) + " +" + value + " +" + value + " ");
    };
    EXPECT_THAT(limits(),
                testing::AllOf(row("Max open files", "256"), row("Max locked memory", "0")));
    EXPECT_THAT(limits(), Not(row("Max processes", "128")));
    plan.limit_threads_by_user = true;
    EXPECT_THAT(limits(), row("Max processes", "128"));
}

TEST_F(ConfinedProcessTest, WhatCannotBeExecutedEndsAndSaysSo) {
    auto plan = test::sleeping_plan();
    const sys::Fd file(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    plan.program = file.get();
    auto worker = ConfinedProcess::spawn(plan).value();
    const int status = worker.reap();
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 126);
}

TEST_F(ConfinedProcessTest, ItHoldsItsChannelAndNothingElseOfOurs) {
    const sys::Fd open_on_purpose(::open("/etc/passwd", O_RDONLY));
    const auto worker = ConfinedProcess::spawn(test::sleeping_plan()).value();
    test::wait_for_exec(worker.pid());
    const auto proc = sys::Dir::open("/proc/" + std::to_string(worker.pid()) + "/fd").value();
    const std::vector<std::string> expected{"0", "1", "2", "3"};
    // The program's loader opens its libraries one after the other, and closes them; what is
    // inherited stays.
    EXPECT_TRUE(test::eventually([&] { return proc.list().value() == expected; }, 30s))
        << testing::PrintToString(proc.list().value());
}

TEST_F(ConfinedProcessTest, IgnoresNoSignalThatWeIgnore) {
    ::signal(SIGPIPE, SIG_IGN);
    const auto worker = ConfinedProcess::spawn(test::sleeping_plan()).value();
    ::signal(SIGPIPE, SIG_DFL);
    test::wait_for_exec(worker.pid());
    const auto status =
        sys::Dir::open("/proc/" + std::to_string(worker.pid())).value().read_file("status", 65536);
    EXPECT_THAT(status.value(), HasSubstr("SigIgn:\t0000000000000000\n"));
}

TEST_F(ConfinedProcessTest, FramesPassBothWaysAndItsEndIsSeen) {
    auto worker = ConfinedProcess::spawn(test::sleeping_plan()).value();
    {
        const auto end = test::worker_end(worker);
        ASSERT_TRUE(worker.channel().send(as_bytes("down")));
        EXPECT_EQ(as_text(end.receive()->value().bytes), "down");
        ASSERT_TRUE(end.send(as_bytes("up")));
        EXPECT_EQ(as_text(worker.channel().receive()->value().bytes), "up");
    }
    worker.kill();
    EXPECT_EQ(WTERMSIG(worker.reap()), SIGKILL);
    EXPECT_FALSE(worker.channel().receive().value()) << "the peer is gone";
}

TEST_F(ConfinedProcessTest, GoesWithItsOwner) {
    pid_t pid = 0;
    {
        const auto worker = ConfinedProcess::spawn(test::sleeping_plan()).value();
        pid = worker.pid();
        EXPECT_EQ(::kill(pid, 0), 0);
    }
    EXPECT_EQ(::kill(pid, 0), -1) << "killed and reaped";
}

TEST_F(ConfinedProcessTest, WhatSteersLoadersIsWithheld) {
    const std::pair<const char*, bool> variables[] = {
        {"LD_PRELOAD", true},       {"LD_LIBRARY_PATH", true}, {"GLIBC_TUNABLES", true},
        {"MALLOC_ARENA_MAX", true}, {"NOTIFY_SOCKET", true},   {"OPENSSL_CONF", true},
        {"SSLKEYLOGFILE", true},    {"BULKHEAD_TEST", false}};
    for (const auto& [name, withheld] : variables) ::setenv(name, "x", 1);
    const auto environment = environment_for_settings();
    for (const auto& [name, withheld] : variables) ::unsetenv(name);
    for (const auto& [name, withheld] : variables) {
        const auto entry = std::string(name) + "=x";
        if (withheld) {
            EXPECT_THAT(environment, Not(Contains(entry)));
        } else {
            EXPECT_THAT(environment, Contains(entry));
        }
    }
}

TEST_F(ConfinedProcessTest, WhoHasItsSettingsIsGivenNoneByTheEnvironment) {
    const std::pair<const char*, bool> variables[] = {{"https_proxy", false},
                                                      {"NO_PROXY", false},
                                                      {"TZ", true},
                                                      {"BULKHEAD_BACKEND_CREDENTIAL", false},
                                                      {"CREDENTIALS_DIRECTORY", false},
                                                      {"LD_PRELOAD", false}};
    for (const auto& [name, kept] : variables) ::setenv(name, "x", 1);
    const auto environment = environment_for_network();
    for (const auto& [name, kept] : variables) ::unsetenv(name);
    for (const auto& [name, kept] : variables) {
        EXPECT_EQ(std::ranges::count(environment, std::string(name) + "=x"), kept ? 1 : 0) << name;
    }
    EXPECT_THAT(environment, Contains("GNUTLS_NO_IMPLICIT_INIT=1"));
}

TEST_F(ConfinedProcessTest, WithoutNetworkItHasNotEvenTheHostsLoopback) {
    auto plan = test::sleeping_plan();
    const auto space = [&] {
        const auto process = ConfinedProcess::spawn(plan).value();
        test::wait_for_exec(process.pid());
        std::array<char, 64> text{};
        const auto path = "/proc/" + std::to_string(process.pid()) + "/ns/net";
        EXPECT_GT(::readlink(path.c_str(), text.data(), text.size()), 0);
        return std::string(text.data());
    };
    const auto hosts = space();
    plan.network = false;
    EXPECT_NE(space(), hosts);
}

TEST_F(ConfinedProcessTest, AProgramThatOthersCouldWriteIsNotStarted) {
    const test::InRun in_run;
    const auto tree = test::tree({{"worker", "#!/bin/sh\n"}});
    const auto path = tree.path() + "/worker";
    const auto refusal = [&](const std::string& file) {
        const auto program = open_program(file);
        return program ? "" : program.error().what;
    };
    ::chmod(path.c_str(), 0755);
    EXPECT_EQ(refusal(path), "");
    ::chmod(path.c_str(), 0775);
    EXPECT_THAT(refusal(path), HasSubstr("others may write to it; run: chmod go-w"));
    ::chmod(path.c_str(), 0755);
    ASSERT_EQ(::chown(path.c_str(), 64123, 0), 0);
    EXPECT_THAT(refusal(path), HasSubstr("belongs to user 64123; run: chown root"));
    tree.link("link", "/bin/sleep");
    EXPECT_EQ(refusal(tree.path() + "/link"), "") << "root's link to root's program";
    EXPECT_NE(refusal(tree.path()), "");
    EXPECT_THAT(refusal(tree.path() + "/none"), HasSubstr("No such file"));
}

TEST_F(ConfinedProcessTest, RootIsNobody) {
    auto plan = test::sleeping_plan();
    for (const auto& user : {sandbox::User{0, 64123}, sandbox::User{64123, 0}}) {
        plan.user = user;
        const auto process = ConfinedProcess::spawn(plan);
        ASSERT_FALSE(process);
        EXPECT_EQ(process.error().what, "stand-in must not run as root");
    }
}

}  // namespace
}  // namespace bulkhead::broker
