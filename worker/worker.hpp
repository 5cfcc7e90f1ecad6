// The running worker: confined, introduced to the broker, in session with its backend.
#pragma once
#include <memory>

#include "worker/session/session.hpp"
#include "worker/status_server.hpp"

namespace bulkhead::worker {

class Worker {
  public:
    // Opens what it will need, closes every other door, says Hello, takes over what an earlier
    // worker left.
    static Result<std::unique_ptr<Worker>> create(BrokerClient broker, Config config,
                                                  protocol::Setup setup, Pass pass, bool forced,
                                                  sys::Log& log);
    // The process's exit status.
    Result<int> run();

  private:
    Worker(BrokerClient broker, Config config, Pass pass, bool forced, sys::Log& log,
           sys::Loop loop, ProcFiles proc, sys::Dir root, sys::Fd disk, CredentialStore credentials,
           Spool spool, InventoryStore inventory, RefusalStore refusals);
    Result<> introduce(protocol::HelloReply hello, int landlock_abi);
    Result<> take_over(std::vector<protocol::UnreportedJob> jobs);

    void refresh_system();
    void on_events();
    Result<> on_event(link::Packet& packet);
    void stop_if_drained();
    void stop(int code);
    std::string compose_status() const;

    Config config_;
    sys::Log& log_;
    sys::Loop loop_;
    BrokerClient broker_;
    ProcFiles proc_;
    sys::Dir root_;
    sys::Fd disk_;
    CredentialStore credentials_;
    Spool spool_;
    InventoryStore inventory_;
    RefusalStore refusals_;
    SettableFacts settable_ = read_settable_facts();  // as services_ has them
    Services services_;
    std::unique_ptr<Session> session_;
    std::unique_ptr<StatusServer> status_;
    bool draining_ = false;
    int code_ = 0;
};

}  // namespace bulkhead::worker
