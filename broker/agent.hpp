// The running broker: signals, one worker at a time, its requests, and the jobs.
#pragma once
#include <deque>
#include <memory>

#include "broker/context.hpp"
#include "broker/gate.hpp"
#include "broker/host.hpp"
#include "broker/jobs/reboot.hpp"
#include "broker/notify.hpp"
#include "broker/options.hpp"

namespace bulkhead::broker {

// Exit statuses of the agent; 2 also when the worker says its configuration is wrong.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kBadUsage = 2;

class Agent {
  public:
    // Loads the policy, takes the ledger's lock, closes root's own doors. Nothing is served yet.
    // Errors about what an operator wrote are Kind::wrong_input.
    static Result<std::unique_ptr<Agent>> create(Options options, const sys::Log& log);
    // Until told to stop, or in one-pass mode until the worker is done.
    Result<int> run();

  private:
    Agent(Options options, const sys::Log& log, Notifier notifier, sys::Loop loop, Places places,
          CgroupTree cgroups, records::Ledger ledger, records::Audit audit, KeptJobs kept);
    // This host can give what `policy` requires, and has the worker's rows; this process has what
    // its profiles name.
    Result<> require_possible(const policy::Policy& policy) const;

    Result<> watch_for_reboots();
    Result<> take_up_waiting_jobs();
    Result<> start_worker();
    Result<> send_setup();
    void on_packet();
    bool close_view();
    void on_closed();
    void on_violation(const Error& error);
    void on_worker_ended();
    void schedule_restart();
    template <class Event>
    void tell(const Event& event);

    Result<> watch_signals();
    void on_signal(int number);
    void reload();
    void tell_unusable();
    void shut_down();
    void stop_if_drained();
    void feed_watchdog();
    void keep_time();
    void stop(int code);
    // A failing audit line outside a decision is logged; decisions check it themselves.
    void note(std::string_view event, std::initializer_list<records::Field> fields);

    Options options_;
    policy::Files vendor_;
    const sys::Log& log_;
    Notifier notifier_;
    sys::Loop loop_;
    Places places_;
    CgroupTree cgroups_;
    records::Ledger ledger_;
    records::Audit audit_;
    KeptJobs kept_;
    Jobs jobs_;
    std::optional<Reboot> reboot_;
    Context context_;
    sys::Fd signals_;
    std::optional<WorkerProgram> program_;
    std::optional<WorkerProcess> worker_;
    Gate gate_;
    sys::TimerId greeting_;
    sys::Clock::time_point started_{};
    std::chrono::seconds backoff_{1};
    std::deque<sys::Clock::time_point> violations_;
    std::uint64_t ceiling_ = 0;  // of capabilities
    bool ready_ = false;
    int code_ = kDone;
};

}  // namespace bulkhead::broker
