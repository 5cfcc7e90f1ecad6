// A confined process and all that lies between it and the broker: channel, gate, phase, the time it
// has for its greeting. What happens is told to the owner.
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
    // For each of them it was killed: there is no answer to what it did.
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
        // The last word, of waitpid(2)'s status. It may destroy the peer.
        std::function<void(int status)> ended;
    };
    struct Manners {
        std::vector<policy::PathRule> rows;  // what it sees once it has said something
        std::chrono::seconds greeting{};     // from exec to there
        std::size_t sharers = 1;             // see Gate
    };

    static Result<std::unique_ptr<Peer>> start(sys::Loop& loop, const ProcessPlan& plan,
                                               Manners manners, Owner owner);
    ~Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    const ConfinedProcess& process() const { return process_; }
    bool greeted() const { return gate_.phase() == protocol::Phase::serving; }

    // The first frame, before it has said anything.
    template <class Event>
    Result<> begin(const Event& event) {
        const auto frame = TRY(protocol::encode(Event::spec.id, 0, event));
        return process_.channel().send(frame.bytes, frame.descriptors);
    }
    // Nothing before its greeting: the answer to that says all.
    template <class Event>
    void tell(const Event& event) {
        if (!greeted() || failed_) return;
        const auto sent = begin(event);
        if (!sent && sent.error().code != EPIPE) fail_with(Fault::protocol, sent.error());
    }
    void kill() const { process_.kill(); }
    // If it is still there then.
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
    bool failed_ = false;  // one fault is one, however often it shows before the process is gone
    sys::TimerId limit_;   // when it is killed
    sys::TimerId pause_;   // until it may be heard again
};

}  // namespace bulkhead::broker
