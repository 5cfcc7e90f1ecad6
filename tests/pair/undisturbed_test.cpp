// The broker while somebody whom it deals with stands still: the worker, or the reader of its log.
// Slow because of the graces and pings that pass. What a worker does with descriptors that take
// long to close is in tests/malicious_worker.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

constexpr auto kTimeout = 3s;

class Undisturbed : public Pair {
  protected:
    const PinnedJob job_{.name = "job",
                         .script =
                             "trap 'echo told; exit 7' TERM\necho begun\n"
                             "while :; do sleep 0.02; done\n",
                         .timeout = kTimeout};
    std::string start_job() {
        pin(job_);
        start_enrolled();
        auto id = queue({.script = job_.script});
        EXPECT_TRUE(wait_for_output(id, "begun\n"));
        return id;
    }
    void expect_timely_end(std::size_t times = 1) {
        const auto ended = last_audit("job-ended", times);
        EXPECT_EQ(ended["outcome"], "timed-out");
        EXPECT_GE(ended["wall_ms"], std::chrono::milliseconds(kTimeout).count());
        EXPECT_LE(ended["wall_ms"], std::chrono::milliseconds(kTimeout + 1s).count());
    }
    // From the signal to the end of a job that heeds SIGTERM.
    void expect_prompt_stop(std::size_t times) {
        const auto began = std::chrono::steady_clock::now();
        broker().signal(SIGTERM);
        EXPECT_EQ(last_audit("job-ended", times)["reason"], "agent-stopped");
        EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
    }
};

TEST_F(Undisturbed, ByAWorkerThatStandsStillAndItIsReplaced) {
    const auto id = start_job();
    const auto pid = worker_pid();
    ASSERT_EQ(::kill(pid, SIGSTOP), 0);
    expect_timely_end();
    ASSERT_TRUE(eventually([&] { return !audit("worker-hung").empty(); }, 120s));
    const auto hung = audit("worker-hung")[0];
    EXPECT_EQ(hung["pid"], pid);
    EXPECT_EQ(hung["why"], "no answer to 2 pings");
    EXPECT_TRUE(wait_for_audit("worker-confined", 2));
    EXPECT_EQ(result_of(id)["outcome"], "timed_out") << "its successor has reported the job";
    EXPECT_EQ(backend().standard_output(id), "begun\ntold\n");
    EXPECT_TRUE(audit("protocol-violation").empty());
}

TEST_F(Undisturbed, InStoppingByAWorkerThatStandsStill) {
    start_job();
    ASSERT_EQ(::kill(worker_pid(), SIGSTOP), 0);
    expect_prompt_stop(1);
    EXPECT_EQ(stop(0), 0) << "after the grace of the worker";
}

// The log is a FIFO that is full, as that of a stopped logger or of a terminal at ^S.
class StuckLog : public Undisturbed {
  protected:
    void SetUp() override {
        Undisturbed::SetUp();
        if (IsSkipped()) return;
        ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
        reader_ = sys::Fd(::open(path().c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
        ASSERT_TRUE(reader_);
        fill();
    }
    void TearDown() override {
        std::filesystem::remove(path());  // before anybody reads it to its end
        Undisturbed::TearDown();
    }
    std::string path() { return place() / "agent.log"; }
    void fill() const {
        while (::write(reader_.get(), "x", 1) == 1) continue;
    }
    std::string read() const {
        std::string text(1 << 20, '\0');
        const auto got = ::read(reader_.get(), text.data(), text.size());
        text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        return text;
    }

  private:
    sys::Fd reader_;
};

TEST_F(StuckLog, MovesNoTimeoutAndNoStopAndWhatIsLostIsTold) {
    start_job();
    reload();
    expect_timely_end();
    read();
    reload();
    std::string text;
    EXPECT_TRUE(eventually(
        [&] {
            text += read();
            return text.find("\"lines_lost\":") != text.npos;
        },
        kPatience))
        << text;
    fill();
    ASSERT_TRUE(wait_for_output(queue({.script = job_.script}), "begun\n"));
    expect_prompt_stop(2);
    EXPECT_EQ(stop(0), 0);
}

}  // namespace
}  // namespace bulkhead::test
