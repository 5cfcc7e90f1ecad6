// All that a handler may touch.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "broker/jobs/reboot.hpp"
#include "broker/reads/journal.hpp"
#include "broker/ready_policy.hpp"
#include "broker/records/audit.hpp"
#include "broker/records/ledger.hpp"
#include "broker/records/ration.hpp"
#include "broker/worker_process.hpp"

namespace bulkhead::broker {

struct Context {
    std::shared_ptr<const ReadyPolicy> policy;
    records::Ledger& ledger;
    records::Audit& audit;
    Jobs& jobs;
    const sys::Log& log;
    sandbox::User worker_user;
    std::vector<std::string> missing;  // protections this kernel cannot give
    int landlock_abi = 0;
    bool counts_by_space = false;  // a user namespace of each job's own counts its processes
    std::string mount_points;      // where views of jobs have their places, see view::JobViewPlan
    std::string script_directory;  // of jobs without a view
    std::string policy_directory;
    std::string suspended_file;    // stands while too many violations keep job intake closed
    std::string reboot_directory;  // root's alone: where its jobs ask for a restart of the host
    bool suspended = false;        // it stood when it was last looked for
    bool mark_failed = false;      // it should stand, and could not be written: until a restart
    bool draining = false;
    const Reboot* reboot = nullptr;
    std::string boot;  // boot_id()
    ReadJournal reads{};
    records::Ration refused_starts{};       // in the audit log
    const WorkerProcess* worker = nullptr;  // the one that is asking
};

}  // namespace bulkhead::broker
