// How many frames a second the gate could serve if it did not keep the pace of 200: a request, its
// judgement, the handler, the answer; beside the least that two processes' packets can cost.
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "tests/bench/measure.hpp"
#include "tests/malicious_worker/gate_harness.hpp"

namespace bulkhead::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRounds = 20'000;

// The other side: sends `frame` and waits for what comes back, over and over.
pid_t start_asking(const link::Channel& end, const Bytes& frame) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    static_cast<void>(sys::set_nonblocking(end.descriptor(), false));
    for (int i = 0; i < kRounds; ++i) {
        if (!end.send(frame) || !end.receive()) ::_exit(1);
    }
    ::_exit(0);
}

// Answers each packet by `answer`; packets a second.
template <class Answer>
double rate(const link::Channel& end, const Bytes& frame, Answer answer) {
    const pid_t child = start_asking(end, frame);
    const auto began = Clock::now();
    for (int i = 0; i < kRounds; ++i) {
        if (!answer()) give_up("the gate refuses the bench's frames");
    }
    const std::chrono::duration<double> took = Clock::now() - began;
    int status = 0;
    ::waitpid(child, &status, 0);
    return kRounds / took.count();
}

}  // namespace

void measure_frames(const Site& site, Table& table) {
    auto made = test::GateHarness::create(site.policy());
    if (!made) return table.skip("frames per second at the gate", made.error().what);
    auto& gate = **made;
    gate.greet();
    const auto frame = protocol::encode(protocol::HostState::spec.id, 1, protocol::HostState{});
    const auto served =
        rate(gate.end(), frame->bytes, [&] { return gate.wait_and_judge().has_value(); });

    const auto [ours, theirs] = link::Channel::pair().value();
    std::array<std::byte, 64> packet{};
    const auto floor = rate(theirs, frame->bytes, [&, fd = ours.fd()] {
        return ::recv(fd, packet.data(), packet.size(), 0) > 0 &&
               ::send(fd, packet.data(), 52, 0) == 52;
    });
    table.add("frames per second at the gate", {served, "1/s"}, Figure{floor, "1/s"}, "");
}

}  // namespace bulkhead::bench
