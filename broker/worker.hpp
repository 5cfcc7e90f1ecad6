// The worker of one backend: started, started again when it has ended, replaced when a reload
// changes its confinement. Each is restarted, counted and suspended independently of the others.
#pragma once
#include <deque>
#include <functional>
#include <memory>

#include "broker/egress.hpp"
#include "broker/handlers/configured.hpp"
#include "broker/processes/part.hpp"
#include "broker/processes/peer.hpp"
#include "broker/processes/state_budget.hpp"
#include "broker/status/root_status.hpp"

namespace bulkhead::broker {

// What all workers have in common; outlives them.
struct WorkerGround {
    sys::Loop& loop;
    Context& broker;
    const CgroupTree& cgroups;
    PartGround part;
    const NameServers* name_servers;  // nothing where egress is missing
    protocol::Mode mode;
    std::vector<std::string> order;
};

// What belongs to the worker of one backend, and outlives each of its processes.
struct Home {
    protocol::BackendEntry backend;
    sandbox::User user;
    sys::Dir state;
    sys::Fd status;  // listening
};

class Worker {
  public:
    struct Owner {
        std::function<void()> greeted;
        // `exit` is the exit status, or -1 for a signal. Returns whether to start another one.
        std::function<bool(int exit)> ended;
    };
    Worker(const WorkerGround& ground, Home home, Owner owner)
        : ground_(ground), home_(std::move(home)), owner_(std::move(owner)) {}
    ~Worker() { ground_.loop.cancel(restart_); }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    const std::string& backend() const { return home_.backend.name.str(); }
    bool runs() const { return peer_ && peer_->runs(); }
    bool is_served() const { return runs() && peer_->greeted(); }
    WorkerFacts facts() const;
    // A failure counts as the end of a worker.
    void start();
    // Asks the process to leave and starts another one, confined by the policy now in force. Jobs
    // go on.
    void replace();
    // The same without asking: of what happens from now on, the process hears nothing.
    void replace_at_once();
    // Call when the name servers have changed.
    void follow_name_servers();
    template <class Event>
    void tell(const Event& event) {
        if (runs()) peer_->tell(event);
    }

  private:
    Result<> spawn();
    Result<protocol::Setup> setup() const;
    void on_failed(Peer::Fault fault, const Error& error);
    void on_greeted();
    void tell_failure(sys::Event event, const std::string& why);
    void count_violation();
    void settle(bool confined);
    void on_ended(int status);
    void start_later();
    void start_in(std::chrono::milliseconds time);

    const WorkerGround& ground_;
    Home home_;
    Owner owner_;
    std::optional<Egress> egress_;
    std::unique_ptr<Peer> peer_;
    std::optional<StateBudget> budget_;  // while it serves
    bool replaced_ = false;
    sys::Clock::time_point started_{};
    std::chrono::seconds backoff_{1};
    sys::TimerId restart_;
    std::deque<sys::Clock::time_point> violations_;
    WorkerFacts facts_{.since = sys::now()};
    std::deque<sys::Clock::time_point> failures_;  // ends that nobody asked for, the last of them
};

}  // namespace bulkhead::broker
