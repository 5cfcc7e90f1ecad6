#include "broker/worker_process.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>

#include "tests/broker/stand_in_worker.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

struct WorkerProcessTest : testing::Test {
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root to start somebody else";
    }
};

TEST_F(WorkerProcessTest, IsNobodyBeforeItsFirstInstruction) {
    const auto worker = WorkerProcess::spawn(test::sleeping_program()).value();
    test::wait_for_exec(worker.pid());
    const auto seen = sandbox::see(worker.pid()).value();
    const auto same =
        sandbox::require_identity(seen, {.user = test::kStandIn, .groups = {}, .capabilities = 0});
    EXPECT_TRUE(same) << same.error().what;
}

TEST_F(WorkerProcessTest, AWorkerWithoutASeccompFilterIsNotConfined) {
    const auto worker = WorkerProcess::spawn(test::sleeping_program()).value();
    test::wait_for_exec(worker.pid());
    EXPECT_EQ(worker.require_confined(test::kStandIn).error().what, "no seccomp filter");
    EXPECT_EQ(worker.require_confined({1, 1}).error().what, "user id differs");
}

TEST_F(WorkerProcessTest, ItHoldsItsChannelAndNothingElseOfOurs) {
    const sys::Fd open_on_purpose(::open("/etc/passwd", O_RDONLY));
    const auto worker = WorkerProcess::spawn(test::sleeping_program()).value();
    test::wait_for_exec(worker.pid());
    const auto fds =
        sys::Dir::open("/proc/" + std::to_string(worker.pid()) + "/fd").value().list().value();
    EXPECT_THAT(fds, testing::ElementsAre("0", "1", "2", "3"));
}

TEST_F(WorkerProcessTest, IgnoresNoSignalThatWeIgnore) {
    ::signal(SIGPIPE, SIG_IGN);
    const auto worker = WorkerProcess::spawn(test::sleeping_program()).value();
    ::signal(SIGPIPE, SIG_DFL);
    test::wait_for_exec(worker.pid());
    const auto status =
        sys::Dir::open("/proc/" + std::to_string(worker.pid())).value().read_file("status", 65536);
    EXPECT_THAT(status.value(), HasSubstr("SigIgn:\t0000000000000000\n"));
}

TEST_F(WorkerProcessTest, FramesPassBothWaysAndItsEndIsSeen) {
    auto worker = WorkerProcess::spawn(test::sleeping_program()).value();
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

TEST_F(WorkerProcessTest, GoesWithItsOwner) {
    pid_t pid = 0;
    {
        const auto worker = WorkerProcess::spawn(test::sleeping_program()).value();
        pid = worker.pid();
        EXPECT_EQ(::kill(pid, 0), 0);
    }
    EXPECT_EQ(::kill(pid, 0), -1) << "killed and reaped";
}

TEST_F(WorkerProcessTest, WhatSteersLoadersIsWithheld) {
    const std::pair<const char*, bool> variables[] = {
        {"LD_PRELOAD", true},       {"LD_LIBRARY_PATH", true}, {"GLIBC_TUNABLES", true},
        {"MALLOC_ARENA_MAX", true}, {"NOTIFY_SOCKET", true},   {"OPENSSL_CONF", true},
        {"SSLKEYLOGFILE", true},    {"BULKHEAD_TEST", false}};
    for (const auto& [name, withheld] : variables) ::setenv(name, "x", 1);
    const auto program = WorkerProgram::open("/bin/sleep", {"1"}, test::kStandIn);
    for (const auto& [name, withheld] : variables) ::unsetenv(name);
    ASSERT_TRUE(program);
    for (const auto& [name, withheld] : variables) {
        const auto entry = std::string(name) + "=x";
        if (withheld) {
            EXPECT_THAT(program->environment, Not(Contains(entry)));
        } else {
            EXPECT_THAT(program->environment, Contains(entry));
        }
    }
    EXPECT_THAT(program->arguments, testing::ElementsAre("bulkhead-worker", "1"));
}

TEST_F(WorkerProcessTest, AProgramThatOthersCouldWriteIsNotStarted) {
    const auto tree = test::tree({{"worker", "#!/bin/sh\n"}});
    const auto path = tree.path() + "/worker";
    const auto refusal = [&](const std::string& file) {
        const auto program = WorkerProgram::open(file, {}, test::kStandIn);
        return program ? "" : program.error().what;
    };
    ::chmod(path.c_str(), 0755);
    EXPECT_EQ(refusal(path), "");
    ::chmod(path.c_str(), 0775);
    EXPECT_THAT(refusal(path), HasSubstr("only root can write"));
    ::chmod(path.c_str(), 0755);
    ASSERT_EQ(::chown(path.c_str(), 64123, 0), 0);
    EXPECT_THAT(refusal(path), HasSubstr("only root can write"));
    tree.link("link", "/bin/sleep");
    EXPECT_NE(refusal(tree.path() + "/link"), "");
    EXPECT_NE(refusal(tree.path()), "");
    EXPECT_THAT(refusal(tree.path() + "/none"), HasSubstr("No such file"));
}

TEST_F(WorkerProcessTest, RootIsNoWorker) {
    EXPECT_FALSE(WorkerProgram::open("/bin/sleep", {}, {0, 64123}));
    EXPECT_FALSE(WorkerProgram::open("/bin/sleep", {}, {64123, 0}));
}

}  // namespace
}  // namespace bulkhead::broker
