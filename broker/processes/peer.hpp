// A confined process and its conversation with the broker: channel, gate, phase, the time limit for
// its greeting and the pings from then on, the descriptors that it sends and the lines that it
// logs. What happens is told to the owner, by callbacks.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "broker/processes/closer.hpp"
#include "broker/processes/confined_process.hpp"
#include "broker/processes/gate.hpp"
#include "broker/processes/relayed_log.hpp"
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
        hung,      // kMostUnanswered pings in a row were not answered
        closer,    // its closer has ended before it
    };
    static constexpr int kMostUnanswered = 2;

    struct Owner {
        // Judges, handles and answers one packet; an error is a violation.
        std::function<Result<>(link::Packet&, Gate&)> answer;
        std::function<void()> greeted;
        std::function<void(Fault, const Error&)> failed;
        // With the status of waitpid(2). It may destroy the peer.
        std::function<void(int status)> ended;
        // After that, unless all was closed then: all is closed. It may destroy the peer.
        std::function<void()> closed = {};
    };
    struct Manners {
        std::vector<policy::PathRule> rows;  // the host's files it sees from its first packet on
        std::chrono::seconds greeting{};     // the time from its start to its greeting
        std::size_t sharers = 1;             // see Gate
        std::chrono::milliseconds ping = std::chrono::seconds(30);  // from one ping to the next
        bool bpf = false;  // it may send programs, maps and links of bpf(2), see Closer
    };

    // Its lines go to `log`, under the plan's name.
    static Result<std::unique_ptr<Peer>> start(sys::Loop& loop, const sys::Log& log,
                                               const ProcessPlan& plan, Manners manners,
                                               Owner owner);
    ~Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    const ConfinedProcess& process() const { return process_; }
    bool runs() const { return !status_; }
    // False while something that the process has sent is still being closed.
    bool all_closed() const { return closer_ended_; }
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
    Peer(sys::Loop& loop, ConfinedProcess process, Closer closer, RelayedLog lines, Manners manners,
         Owner owner)
        : loop_(loop),
          process_(std::move(process)),
          closer_(std::move(closer)),
          lines_(std::move(lines)),
          manners_(std::move(manners)),
          owner_(std::move(owner)),
          gate_(manners_.sharers) {}
    Result<> listen();
    void on_packet();
    void on_fetched();
    void handle(Result<std::optional<link::Packet>> packet);
    void listen_again();
    void on_closed();
    void on_process_ended();
    void on_closer_ended();
    void fail_with(Fault fault, const Error& error);
    void stop_listening();
    void let_go();
    void ping();
    void hear_lines();

    sys::Loop& loop_;
    ConfinedProcess process_;
    Closer closer_;
    RelayedLog lines_;
    Manners manners_;
    Owner owner_;
    Gate gate_;
    bool failed_ = false;        // nothing is heard of it any more, and no other fault is told
    bool paused_ = false;        // by the gate
    std::optional<int> status_;  // of the process, when it has ended
    bool closer_ended_ = false;
    int unanswered_ = 0;  // pings
    sys::TimerId limit_;  // kills the process
    sys::TimerId pause_;  // ends a pause that the gate has asked for
    sys::TimerId ping_;
    sys::TimerId hear_;  // reads its lines again
};

}  // namespace bulkhead::broker
