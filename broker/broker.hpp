// The running broker: what it consists of, and how it starts, reloads and stops.
#pragma once
#include <memory>

#include "broker/artifacts/artifacts.hpp"
#include "broker/context/context.hpp"
#include "broker/host.hpp"
#include "broker/jobs/prepared_views.hpp"
#include "broker/loader.hpp"
#include "broker/options.hpp"
#include "broker/records/trusted_clock.hpp"
#include "broker/records/written_by.hpp"
#include "broker/requests.hpp"
#include "broker/service.hpp"
#include "broker/status/root_status.hpp"
#include "broker/status/status_file.hpp"
#include "broker/upgrade/upgrade.hpp"
#include "broker/workers.hpp"

namespace bulkhead::broker {

class Broker {
  public:
    // Takes the ledger's lock, loads the policy, has the settings read, confines root itself by
    // kBrokerWalls. Nothing is served yet. An error of kind wrong_input is about what an operator
    // wrote. Where the policy on disk does not load, the last one that was in force has its walls
    // raised, and no job starts before a reload puts one in force.
    static Result<std::unique_ptr<Broker>> create(Options options, const sys::Log& log);
    // Until told to stop, or in one-pass mode until the workers are done.
    Result<int> run();

  private:
    // What it is made of, and what was found out of the host before there is one. The constructor
    // moves notifier, policy and missing out of it, and copies ceiling: use context_ for those.
    struct Parts {
        Options options;
        policy::Files vendor;
        sys::Loop loop;
        Notifier notifier;
        Directories directories;
        CgroupTree cgroups;
        records::Ledger ledger;
        records::Audit audit;
        records::Evidence evidence;
        KeptJobs kept;
        sys::Fd program;  // the worker's
        records::WrittenBy written_by;
        std::shared_ptr<ReadyPolicy> policy{};
        std::string rejected{};  // why the policy on disk was not taken; "" if it was
        PartGround part{};
        int landlock_abi = 0;
        std::vector<std::string> missing{};
        bool egress = false;
        Ceiling ceiling{};
    };
    static Result<Parts> prepare(Options options);
    static Result<> settle_policy(Parts& parts, const sys::Log& log);
    static Result<> fit(Parts& parts, Result<std::shared_ptr<ReadyPolicy>> loaded,
                        const std::string& directory, const sys::Log& log);
    static void look_at_host(Parts& parts, const sys::Log& log);
    static Result<> look_for_egress(Parts& parts, const sys::Log& log);
    Broker(Parts parts, const sys::Log& log);
    Result<> make_workers();
    Result<> take_stock(ReadyPolicy& policy);
    Result<> watch_for_reboots();
    void settle_orphans();
    Result<> serve_artifacts();
    void watch_programs(int loader);
    void leave_for_new_program();
    void on_job_ended(JobNumber number, const protocol::JobEnd& end);
    void on_greeted(Worker& worker);

    void put_in_force();
    void prepare_views();
    std::string reload();
    Result<std::shared_ptr<ReadyPolicy>> load_fresh() const;
    std::string take(std::shared_ptr<ReadyPolicy> fresh);
    std::string keep_what_is_granted_now(const std::string& rejected);
    void end_revoked_jobs(const std::vector<approval::RevokedJob>& revoked);
    void tell_of_policy(const policy::Policy& policy);
    void tell_unusable();
    void let_readers_in();

    protocol::Shutdown farewell() const;
    void shut_down();
    void stop_if_drained();
    void keep_time();
    void stop(int code);

    Result<> follow_status();
    void tick();
    void write_status();

    Parts parts_;
    const sys::Log& log_;
    Service service_;
    PipeStore pipes_;
    PreparedViews views_;
    Jobs jobs_;
    std::optional<Reboot> reboot_;
    records::TrustedClock clock_;
    Context context_;
    Requests requests_;
    UnixTime rejected_since_{};  // the policy on disk; without meaning where it is in force
    std::optional<NameServers> name_servers_;  // absent where egress is missing
    std::unique_ptr<Workers> workers_;
    std::optional<Loader> one_loader_;
    std::optional<Artifacts> artifacts_;  // absent in one-pass mode
    std::optional<StatusFile> status_;    // absent in one-pass mode
    std::optional<Upgrade> upgrade_;      // absent in one-pass mode
    bool status_due_ = false;
    UnixTime started_ = sys::now();
    int code_ = 0;
    int leaves_with_ = 0;  // the exit status once all is drained
};

}  // namespace bulkhead::broker
