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

Result<std::unique_ptr<Peer>> Peer::start(sys::Loop& loop, const sys::Log& log,
                                          const ProcessPlan& plan, Manners manners, Owner owner) {
    auto process = TRY(ConfinedProcess::spawn(plan));
    auto closer = TRY(Closer::start(process.channel(), manners.bpf));
    std::unique_ptr<Peer> peer(new Peer(loop, std::move(process), std::move(closer),
                                        RelayedLog(log, plan.name), std::move(manners),
                                        std::move(owner)));
    auto* const raw = peer.get();
    TRY(loop.watch(raw->process_.pidfd().get(), EPOLLIN,
                   [raw](std::uint32_t) { raw->on_process_ended(); }));
    TRY(loop.watch(raw->closer_.pidfd().get(), EPOLLIN,
                   [raw](std::uint32_t) { raw->on_closer_ended(); }));
    TRY(loop.watch(raw->closer_.answers(), EPOLLIN, [raw](std::uint32_t) { raw->on_fetched(); }));
    TRY(raw->listen());
    raw->hear_lines();
    raw->limit_ = loop.after(raw->manners_.greeting, [raw] {
        raw->fail_with(Fault::silent, Error{.what = "no greeting in time"});
    });
    return peer;
}

Peer::~Peer() {
    process_.kill();
    loop_.forget(process_.pidfd().get());
    loop_.forget(closer_.pidfd().get());
    let_go();
}

Result<> Peer::listen() {
    return loop_.watch(process_.channel().fd(), EPOLLIN, [this](std::uint32_t) { on_packet(); });
}

void Peer::stop_listening() {
    loop_.cancel(pause_);
    paused_ = false;
    loop_.forget(process_.channel().fd());
}

// Handles one packet for each turn of the loop: level-triggered epoll(7) calls again if more wait.
void Peer::on_packet() {
    if (const auto when = gate_.must_wait(sys::Clock::now())) {
        stop_listening();
        paused_ = true;
        pause_ = loop_.at(*when, [this] { listen_again(); });
        return;
    }
    if (!process_.channel().next_has_descriptors()) return handle(process_.channel().receive());
    stop_listening();
    if (const auto asked = closer_.fetch(); !asked) fail_with(Fault::closer, asked.error());
}

// A packet with descriptors: the next one is read when it is handled, and asked for when its
// descriptors are closed. So a process that sends what takes long to close waits itself.
void Peer::on_fetched() {
    auto packet = closer_.receive();
    // Its pidfd tells that the closer has ended.
    if (packet && !*packet) return loop_.forget(closer_.answers());
    if (failed_ || (!packet && packet.error().code == EAGAIN)) return;
    handle(std::move(packet));
    if (failed_) return;
    const auto released = closer_.release();
    if (!released) return fail_with(Fault::closer, released.error());
    listen_again();
}

void Peer::handle(Result<std::optional<link::Packet>> packet) {
    if (!packet && packet.error().code == EAGAIN) return;
    if (packet ? !*packet : packet.error().code == EPIPE) return on_closed();
    if (!packet) return fail_with(Fault::protocol, packet.error());
    unanswered_ = 0;
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
    ping_ = loop_.after(manners_.ping, [this] { ping(); });
    owner_.greeted();
}

void Peer::listen_again() {
    paused_ = false;
    if (const auto watched = listen(); !watched) fail_with(Fault::protocol, watched.error());
}

// What the process could not have answered, because nobody listened, does not count.
void Peer::ping() {
    if (unanswered_ == kMostUnanswered) {
        return fail_with(Fault::hung,
                         Error{.what = "no answer to " + std::to_string(unanswered_) + " pings"});
    }
    if (!paused_) ++unanswered_;
    tell(protocol::Ping{});
    ping_ = loop_.after(manners_.ping, [this] { ping(); });
}

void Peer::hear_lines() {
    const int output = process_.output().get();
    static_cast<void>(loop_.watch(output, EPOLLIN, [this, output](std::uint32_t) {
        loop_.forget(output);
        if (!lines_.read(process_.output(), sys::Clock::now())) return;
        hear_ = loop_.after(RelayedLog::kPause, [this] { hear_lines(); });
    }));
}

// The process is about to end, as the pidfd will tell; one that only closed its channel is killed.
void Peer::on_closed() {
    failed_ = true;
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

// From here on the closer alone has the channel, with all that is unread in it. Of a closer that is
// gone it is left open, for closing it could wait.
void Peer::let_go() {
    for (const auto timer : {limit_, ping_, hear_}) loop_.cancel(timer);
    loop_.forget(process_.output().get());
    if (process_.channel().fd() < 0) return;
    stop_listening();
    loop_.forget(closer_.answers());
    auto channel = process_.take_channel();
    if (closer_ended_) channel.release();
    channel.reset();
    closer_.finish();
}

void Peer::on_process_ended() {
    loop_.forget(process_.pidfd().get());
    status_ = process_.reap();
    failed_ = true;
    lines_.read_rest(process_.output(), sys::Clock::now());
    let_go();
    const auto tell = std::move(owner_.ended);
    tell(*status_);
}

void Peer::on_closer_ended() {
    loop_.forget(closer_.pidfd().get());
    closer_.reap();
    closer_ended_ = true;
    if (runs()) return fail_with(Fault::closer, Error{.what = "its closer has ended"});
    const auto tell = std::move(owner_.closed);
    if (tell) tell();
}

}  // namespace bulkhead::broker
