// What a beat and a job cost in figures that can be counted: system calls, wake-ups, forks. How
// long they take is the bench's.
#include <csignal>
#include <cstdio>

#include "tests/pair/pair.hpp"
#include "tests/support/strace.hpp"

namespace bulkhead::test {
namespace {

class Costs : public Pair {
  protected:
    void SetUp() override {
        if (strace_program().empty()) GTEST_SKIP() << "strace is not installed";
        Pair::SetUp();
    }
    // In a mount namespace of its own: whatever else is mounted meanwhile would wake the broker.
    void start_apart() {
        start_under({"/usr/bin/unshare", "--mount", "--propagation", "private"});
        ASSERT_TRUE(wait_for_heartbeats(1)) << log();
        worker_ = wait_for_worker();
        ASSERT_GT(worker_, 0);
    }
    // Of broker and worker, while `act` lasts.
    void count(const std::function<void()>& act) {
        const auto file = place() / "trace";
        Program strace({.words = words_of_strace({broker().pid(), worker_}, file)});
        ASSERT_TRUE(
            eventually([&] { return is_traced(broker().pid()) && is_traced(worker_); }, kPatience));
        act();
        strace.signal(SIGINT);
        strace.wait(kPatience);
        of_broker_ = calls_in(file, broker().pid());
        of_worker_ = calls_in(file, worker_);
        for (const auto* calls : {&of_broker_, &of_worker_}) {
            std::printf("%s:", calls == &of_broker_ ? "broker" : "worker");
            for (const auto& [name, times] : *calls) {
                std::printf(" %s %lu", name.c_str(), static_cast<unsigned long>(times));
            }
            std::puts("");
        }
    }
    // Voluntary context switches so far.
    static std::uint64_t wake_ups(pid_t pid) {
        return std::stoull(status_of(pid, "voluntary_ctxt_switches"));
    }
    std::uint64_t forks_of_broker() {
        return of_broker_["clone3"] + of_broker_["clone"] + of_broker_["fork"] +
               of_broker_["vfork"];
    }

    pid_t worker_ = 0;
    Calls of_broker_;
    Calls of_worker_;
};

TEST_F(Costs, ABeatTakesSoManySystemCallsAndWakeUps) {
    start_apart();
    // The first beats are about the start: views are prepared, memory that it took is given back.
    ASSERT_TRUE(wait_for_heartbeats(22));
    constexpr std::uint64_t kBeats = 10;
    const auto before = wake_ups(worker_);
    ASSERT_TRUE(wait_for_heartbeats(kBeats));
    EXPECT_LE(wake_ups(worker_) - before, 3 * kBeats);
    count([&] { ASSERT_TRUE(wait_for_heartbeats(kBeats)); });
    // One beat more may have begun.
    EXPECT_LE(of_worker_["sendto"], kBeats + 2) << "a beat is one request";
    EXPECT_LE(of_worker_["pread64"], 8 * (kBeats + 1)) << "files that are held open";
    EXPECT_EQ(of_worker_["openat"] + of_worker_["openat2"], 0U);
    EXPECT_LE(total_of(of_worker_), 22 * (kBeats + 1));  // an answer may come in pieces
    // A beat does not wake the broker: what it looks after by itself it does twice a minute.
    EXPECT_LE(of_broker_["epoll_wait"], 3U);
    EXPECT_LE(total_of(of_broker_), 200U);
}

TEST_F(Costs, AJobIsOneForkAndItsPreparedViewAnother) {
    const PinnedJob job{.name = "short", .script = "echo short"};
    pin(job);
    start_apart();
    constexpr std::uint64_t kJobs = 5;
    count([&] {
        for (std::uint64_t i = 0; i < kJobs; ++i) {
            ASSERT_EQ(run_job({.script = job.script})["reason"], "ok");
        }
    });
    EXPECT_GE(forks_of_broker(), kJobs);
    EXPECT_LE(forks_of_broker(), 2 * kJobs + 2);
}

}  // namespace
}  // namespace bulkhead::test
