// A confined process and its conversation with the broker: channel, gate, phase, and the time limit
// for its greeting. What happens is told to the owner, by callbacks.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "broker/processes/confined_process.hpp"
#include "broker/processes/gate.hpp"
#include "common/protocol/events.hpp"
#include "common/sys/loop.hpp"

namespace bulkhead::broker {

class Peer {
  public:
    // Why the process was killed.
    enum class Fault {
        protocol,  // it broke the rules
        view,      // the view could not be closed
        silent,    // no greeting in time
    };
    struct Owner {
        // Judges, handles and answers one packet; an error is a violation.
        std::function<Result<>(link::Packet&, Gate&)> answer;
        std::function<void()> greeted;
        std::function<void(Fault, const Error&)> failed;
        // The last callback, with the status of waitpid(2). It may destroy the peer.
        std::function<void(int status)> ended;
    };
    struct Manners {
        std::vector<policy::PathRule> rows;  // the host's files it sees from its first packet on
        std::chrono::seconds greeting{};     // the time from its start to its greeting
        std::size_t sharers = 1;             // see Gate
    };

    static Result<std::unique_ptr<Peer>> start(sys::Loop& loop, const ProcessPlan& plan,
                                               Manners manners, Owner owner);
    ~Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    const ConfinedProcess& process() const { return process_; }
    bool greeted() const { return gate_.phase() == protocol::Phase::serving; }

    // Sends the first frame: Setup or ReadConfig.
    template <class Event>
    Result<> begin(const Event& event) {
        const auto frame = TRY(protocol::encode(Event::spec.id, 0, event));
        return process_.channel().send(frame.bytes, frame.descriptors);
    }
    // Sends an event. Does nothing before the greeting, whose reply holds the same facts.
    template <class Event>
    void tell(const Event& event) {
        if (!greeted() || failed_) return;
        const auto sent = begin(event);
        if (!sent && sent.error().code != EPIPE) fail_with(Fault::protocol, sent.error());
    }
    void kill() const { process_.kill(); }
    // Kills the process unless it has ended by then.
    void kill_after(sys::Clock::duration patience);

  private:
    Peer(sys::Loop& loop, ConfinedProcess process, Manners manners, Owner owner)
        : loop_(loop),
          process_(std::move(process)),
          manners_(std::move(manners)),
          owner_(std::move(owner)),
          gate_(manners_.sharers) {}
    Result<> listen();
    void on_packet();
    void on_closed();
    void on_ended();
    void fail_with(Fault fault, const Error& error);
    void stop_listening();

    sys::Loop& loop_;
    ConfinedProcess process_;
    Manners manners_;
    Owner owner_;
    Gate gate_;
    bool failed_ = false;  // a fault is told once, also if more follow before the process is gone
    sys::TimerId limit_;   // kills the process
    sys::TimerId pause_;   // ends a pause that the gate has asked for
};

}  // namespace bulkhead::broker
