// A million random and bent frames in every phase, through receive(), gate, dispatch and handlers
// as the broker has them, in this process: the broker itself reads 200 a second from one worker,
// and ends it at the first that breaks the protocol. campaigns_test.cpp sends some to a real one.
//
// BULKHEAD_FRAMES sets how many in each phase.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "tests/malicious_worker/attacker.hpp"
#include "tests/malicious_worker/gate_harness.hpp"
#include "tests/malicious_worker/random_frames.hpp"
#include "tests/malicious_worker/site.hpp"
#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::test {
namespace {

std::uint64_t wanted() {
    const char* text = std::getenv("BULKHEAD_FRAMES");
    return text == nullptr ? 1'000'000 : std::strtoull(text, nullptr, 10);
}

std::uint64_t resident() {
    const auto text = content_of("/proc/self/statm");
    return std::stoull(text.substr(text.find(' '))) * static_cast<std::uint64_t>(::getpagesize());
}

struct Ends {
    std::vector<sys::Fd> owned;
    std::vector<int> numbers() const {
        std::vector<int> all;
        for (const auto& fd : owned) all.push_back(fd.get());
        return all;
    }
};

Ends some_ends() {
    Ends ends;
    const auto add = [&](int fd) { ends.owned.emplace_back(fd); };
    add(memory("#!/bin/sh\nid\n", kAllSeals));
    add(memory("#!/bin/sh\nid\n", 0));
    add(memory("#", kAllSeals, std::uint64_t{1} << 40));
    add(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    add(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    add(::open("/etc/passwd", O_PATH | O_CLOEXEC));
    add(::eventfd(0, EFD_CLOEXEC));
    add(::epoll_create1(EPOLL_CLOEXEC));
    add(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    return ends;
}

class Frames : public Site {
  protected:
    void SetUp() override {
        Site::SetUp();
        if (IsSkipped()) return;
        auto made = GateHarness::create(place() / "policy");
        ASSERT_OK(made);
        harness_ = *std::move(made);
    }

    // What came of one frame: "answered", or the violation, without what is only in its words.
    std::string send(const protocol::Frame& frame) {
        const auto& end = harness_->end();
        const auto sent = end.send(frame.bytes, frame.descriptors);
        if (!sent) return "not sent: " + sent.error().what;
        const auto judged = harness_->judge();
        const auto reply = end.receive();
        if (!judged) {
            EXPECT_FALSE(reply) << "a violation was answered: " << judged.error().what;
            EXPECT_FALSE(judged.error().what.empty());
            return judged.error().what;
        }
        EXPECT_TRUE(reply && *reply) << "no answer, no violation";
        if (!reply || !*reply) return "nothing";
        const auto asked = protocol::decode_header(frame.bytes).value();
        const auto got = protocol::decode_header((*reply)->bytes).value();
        EXPECT_EQ(got.id, asked.id);
        EXPECT_EQ(got.serial, asked.serial);
        return "answered";
    }

    void storm(const char* phase, bool a_job = false) {
        const auto count = wanted();
        const auto ends = some_ends();
        RandomFrames frames(static_cast<unsigned>(count), ends.numbers());
        std::uint64_t started = 0;
        std::uint64_t answered = 0;
        std::uint64_t memory_at_first = 0;
        const auto open_at_first = vitals_of(::getpid()).descriptors;
        const auto began = std::chrono::steady_clock::now();
        for (std::uint64_t i = 0; i < count && !HasFailure(); ++i) {
            if (a_job && i % 1024 == 0) started += harness_->keep_a_job_running() ? 1 : 0;
            if (i == count / 10) memory_at_first = resident();
            answered += send(frames.next()) == "answered" ? 1 : 0;
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        std::printf("%s: %llu frames in %.1f s, %llu answered, the others violations\n", phase,
                    static_cast<unsigned long long>(count), took.count(),
                    static_cast<unsigned long long>(answered));
        EXPECT_LE(harness_->jobs_known(), started) << "chance has started a job";
        EXPECT_EQ(started > 0, a_job) << "the job that was to run beside them never did";
        EXPECT_LE(resident(), memory_at_first + 4_MiB) << "memory grows with frames";
        if (!a_job) {
            EXPECT_EQ(vitals_of(::getpid()).descriptors, open_at_first);
        }
    }

    std::unique_ptr<GateHarness> harness_;
};

TEST_F(Frames, BeforeHelloAreViolationsOneAndAll) { storm("before Hello"); }

TEST_F(Frames, AfterHelloAreAnsweredOrViolations) {
    harness_->greet();
    storm("after Hello");
}

TEST_F(Frames, WhileAJobRunsDisturbOnlyWhatTheyMay) {
    harness_->greet();
    storm("with a running job", true);
}

TEST_F(Frames, WhileTheBrokerEndsStartNothing) {
    harness_->greet();
    harness_->drain();
    storm("draining");
}

}  // namespace
}  // namespace bulkhead::test
