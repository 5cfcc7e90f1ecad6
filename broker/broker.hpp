// The running broker: what it consists of, and how it starts, reloads and stops.
#pragma once
#include <memory>

#include "broker/context/context.hpp"
#include "broker/host.hpp"
#include "broker/options.hpp"
#include "broker/service.hpp"
#include "broker/workers.hpp"

namespace bulkhead::broker {

class Broker {
  public:
    // Loads the policy, takes the ledger's lock, has the settings read, closes root's own doors.
    // Nothing is served yet.
    static Result<std::unique_ptr<Broker>> create(Options options, const sys::Log& log);
    // Until told to stop, or in one-pass mode until the workers are done.
    Result<int> run();

  private:
    Broker(Options options, const sys::Log& log, Notifier notifier, sys::Loop loop,
           Directories directories, CgroupTree cgroups, records::Ledger ledger,
           records::Audit audit, KeptJobs kept);
    void look_at_host();
    Result<> look_for_egress();
    Result<> make_workers();
    Result<> watch_for_reboots();
    void settle_orphans();
    void on_job_ended(JobNumber number, const protocol::JobEnd& end);
    void on_greeted(Worker& worker);

    void reload();
    Result<std::shared_ptr<ReadyPolicy>> load_fresh() const;
    void take(std::shared_ptr<ReadyPolicy> fresh);
    void tell_unusable();

    protocol::Shutdown farewell() const;
    void shut_down();
    void stop_if_drained();
    void keep_time();
    void stop(int code);

    Options options_;
    policy::Files vendor_;
    const sys::Log& log_;
    sys::Loop loop_;
    Service service_;
    Directories directories_;
    CgroupTree cgroups_;
    records::Ledger ledger_;
    records::Audit audit_;
    KeptJobs kept_;
    Jobs jobs_;
    std::optional<Reboot> reboot_;
    Context context_;
    sys::Fd program_;  // the worker's
    PartGround part_;
    std::optional<NameServers> name_servers_;  // absent where egress is missing
    std::unique_ptr<Workers> workers_;
    int code_ = 0;
};

}  // namespace bulkhead::broker
