// The worker once it is confined and has introduced itself to the broker: in session with its
// backend until it is told to stop, or until a run that ends has done its work.
#pragma once
#include <memory>
#include <optional>

#include "worker/prepare.hpp"
#include "worker/session/session.hpp"
#include "worker/status_server.hpp"

namespace bulkhead::worker {

class Worker {
  public:
    static Result<std::unique_ptr<Worker>> create(BrokerClient broker, Config config,
                                                  protocol::Setup setup, RunOptions run,
                                                  const sys::Log& log);
    // The process's exit status: 0 when all was sent or the broker ordered the end, else 1.
    Result<int> run();

  private:
    Worker(std::unique_ptr<WorkerResources> own, Session::Parts session, RunOptions run,
           const sys::Log& log);
    Result<> take_over(std::vector<protocol::UnreportedJob> jobs);

    void ask_for_trials();
    void refresh_system();
    void give_back();
    void on_events();
    Result<> on_event(link::Packet& packet);
    void on(const protocol::JobExited& event);
    void on(const protocol::ArtifactChanged& event);
    void on(const protocol::PolicyReloaded& event);
    void on(const protocol::Ping& event);
    void on(const protocol::FetchJobs& event);
    void say_held();
    void on(const protocol::Shutdown& event);
    void stop_if_drained();
    void fail_worker(const Error& error);
    void stop(int code);
    std::string compose_status() const;

    const sys::Log& log_;
    std::unique_ptr<WorkerResources> own_;
    Session session_;
    std::optional<StatusServer> status_;
    bool draining_ = false;
    std::optional<sys::Clock::time_point> trials_asked_;
    int code_ = 0;
};

}  // namespace bulkhead::worker
