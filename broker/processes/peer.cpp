#include "broker/processes/peer.hpp"

#include <sys/epoll.h>

#include <ctime>
#include <utility>

namespace bulkhead::broker {

namespace {

constexpr std::chrono::seconds kLastWords{5};  // from a closed channel to the end of the process

// The CPU time that this process has used, without its children (clock_gettime(2)).
std::chrono::nanoseconds processor_time() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

Result<std::unique_ptr<Peer>> Peer::start(sys::Loop& loop, const ProcessPlan& plan, Manners manners,
                                          Owner owner) {
    auto process = TRY(ConfinedProcess::spawn(plan));
    std::unique_ptr<Peer> peer(
        new Peer(loop, std::move(process), std::move(manners), std::move(owner)));
    auto* const raw = peer.get();
    TRY(loop.watch(raw->process_.pidfd().get(), EPOLLIN,
                   [raw](std::uint32_t) { raw->on_ended(); }));
    TRY(raw->listen());
    raw->limit_ = loop.after(raw->manners_.greeting, [raw] {
        raw->fail_with(Fault::silent, Error{.what = "no greeting in time"});
    });
    return peer;
}

Peer::~Peer() {
    loop_.cancel(limit_);
    loop_.forget(process_.pidfd().get());
    stop_listening();
}

Result<> Peer::listen() {
    return loop_.watch(process_.channel().fd(), EPOLLIN, [this](std::uint32_t) { on_packet(); });
}

void Peer::stop_listening() {
    loop_.cancel(pause_);
    loop_.forget(process_.channel().fd());
}

// Handles one packet for each turn of the loop: level-triggered epoll(7) calls again if more wait.
void Peer::on_packet() {
    if (const auto when = gate_.must_wait(sys::Clock::now())) {
        stop_listening();
        pause_ = loop_.at(*when, [this] {
            if (const auto watched = listen(); !watched)
                fail_with(Fault::protocol, watched.error());
        });
        return;
    }
    auto packet = process_.channel().receive();
    if (!packet && packet.error().code == EAGAIN) return;
    if (!packet) return fail_with(Fault::protocol, packet.error());
    if (!*packet) return on_closed();
    const bool before = greeted();
    if (!before) {
        // Nothing of its first packet is decoded before the view is closed.
        const auto closed = process_.close_view(manners_.rows);
        if (!closed) return fail_with(Fault::view, closed.error());
    }
    const auto worked = processor_time();
    const auto done = owner_.answer(**packet, gate_);
    gate_.charge(Gate::kForWork * (processor_time() - worked));
    if (!done) {
        // EPIPE: the process ended before it was answered, which is no violation.
        return done.error().code == EPIPE ? on_closed() : fail_with(Fault::protocol, done.error());
    }
    if (before || !greeted()) return;
    loop_.cancel(limit_);
    owner_.greeted();
}

// The process is about to end, as the pidfd will tell; one that only closed its channel is killed.
void Peer::on_closed() {
    stop_listening();
    kill_after(kLastWords);
}

void Peer::kill_after(sys::Clock::duration patience) {
    loop_.cancel(limit_);
    limit_ = loop_.after(patience, [this] { kill(); });
}

void Peer::fail_with(Fault fault, const Error& error) {
    if (std::exchange(failed_, true)) return;
    stop_listening();
    kill();
    owner_.failed(fault, error);
}

void Peer::on_ended() {
    loop_.cancel(limit_);
    loop_.forget(process_.pidfd().get());
    stop_listening();
    const auto tell = std::move(owner_.ended);
    tell(process_.reap());
}

}  // namespace bulkhead::broker
