// All that a handler may touch.
#pragma once
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/context/intake.hpp"
#include "broker/context/tally.hpp"
#include "broker/context/troubles.hpp"
#include "broker/jobs/reboot.hpp"
#include "broker/processes/confined_process.hpp"
#include "broker/processes/ready_policy.hpp"
#include "broker/reads/journal.hpp"
#include "broker/records/audit.hpp"
#include "broker/records/audit_quota.hpp"
#include "broker/records/evidence.hpp"
#include "broker/records/ledger.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::broker {

class Artifacts;

// The worker of one backend, which made the request. It gets what belongs to that backend only.
struct Caller {
    const protocol::BackendName& backend;
    const std::vector<protocol::BackendFile>& files;  // that its settings name
    const ConfinedProcess& process;
};

// The upper bound of what this process and its children may do, made from the policy at its start:
// a seccomp filter and a bounding set, which can only become stricter (seccomp(2),
// capabilities(7)).
struct Ceiling {
    crypto::Digest digest{};
    std::uint64_t capabilities = 0;
    std::uint64_t reachable = 0;  // capabilities that root had when the broker was started
    crypto::Digest made_of{};     // of filter and capabilities, see wants_other()
    bool restart_needed = false;  // the policy in force wants another
};

// What becomes of a program that took the place of this one's; see Upgrade.
struct UpgradeState {
    enum class Stage { none, checking, pending, draining, blocked };
    Stage stage = Stage::none;
    UnixTime since{};
    UnixTime drains_at{};  // pending: from then on no job is taken
    std::string why{};     // blocked: what the check said
};
std::string_view name_of(UpgradeState::Stage stage);

struct Context {
    std::shared_ptr<const ReadyPolicy> policy;
    // After a rejected reload: the policy in force with the grants that the operator's directory
    // has now, less the rows for reads that it has no more. A job has to be admitted by both, so
    // that withdrawals count and new grants do not.
    std::shared_ptr<const policy::Policy> granted_now{};
    records::Ledger& ledger;
    records::Audit& audit;
    records::Evidence& evidence;
    Jobs& jobs;
    const sys::Log& log;
    Intake intake;
    Troubles troubles{log};
    Ceiling ceiling{};
    std::vector<std::string> missing;  // protections this kernel cannot give
    int landlock_abi = 0;
    bool counts_by_space = false;  // RLIMIT_NPROC counts within a job's own user namespace
    std::string mount_points;      // where views of jobs have their places, see view::JobViewPlan
    std::string script_directory;  // of jobs without a view
    std::string policy_directory;
    std::string reboot_directory;  // root's alone: where its jobs ask for a restart of the host
    std::string newer_version{};   // that last wrote the state, where it is a later one
    std::string state_directory{}, log_directory{};
    std::string config_file{}, config_stamp{};  // stamp_of() it at the start
    bool draining = false;
    bool fetch = true;                             // workers fetch jobs; see protocol::FetchJobs
    std::set<std::string, std::less<>> holding{};  // backends whose worker has said JobsHeld
    UpgradeState upgrade{};
    const Reboot* reboot = nullptr;
    Artifacts* artifacts = nullptr;  // absent in one-pass mode, which loads none
    std::string boot;                // boot_id()
    std::size_t backends = 1;
    std::uint64_t lost_lines = 0;  // that were told by tell_lost_lines(), the last at lost_at
    sys::Clock::time_point lost_at{};
    bool clock_synchronised = false;  // as the kernel or systemd-timesyncd said ten minutes ago
    ReadJournal reads{};
    records::AuditQuota refused_starts{};  // in the audit log
    Tally tally{};
    UnixTime loaded = sys::now();  // when the policy in force was loaded
    bool none_in_force = false;  // since the start: the walls are the last policy's, no job starts
    std::function<void()> changed = [] {};  // call after what `bulkhead status` tells has changed

    // The policy in force, less what was withdrawn since.
    const policy::Policy& as_granted() const { return granted_now ? *granted_now : policy->policy; }
};

// records::note(), see there.
void note(const Context& broker, std::string_view event,
          std::initializer_list<records::Field> fields,
          records::Durable durable = records::Durable::yes);
// The group that may read the audit log and root's part of the status. One that the operator's
// directory does not name any more reads no more, whatever else is wrong with the policy: "".
std::string readers_of(const Context& broker);
// Makes the trouble `intake-suspended` say whether, why and since when jobs may not begin.
void tell_intake(Context& broker);
// Makes it the trouble `audit-unwritable` that the newest line of the audit log was not written.
void tell_audit(Context& broker);
// Makes lines of the log that were lost since the last call a trouble, which stands for an hour.
void tell_lost_lines(Context& broker);
// Records what came of a worker's reading, as ReadJournal does. False: it could not be recorded, so
// nothing may be handed out; the log says why.
bool note_read(Context& broker, std::string_view row, std::string_view path,
               std::string_view reason);

}  // namespace bulkhead::broker
