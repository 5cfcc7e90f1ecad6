// Finds the jobs that run on this host from cgroups and /proc, without asking the agent.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "common/base/parse.hpp"
#include "common/base/result.hpp"

namespace bulkhead::cli {

struct RunningJob {
    std::string agent;   // name of the agent's cgroup, "bulkhead-LABEL"
    std::string number;  // the job's number in the agent's ledger
    // BULKHEAD_JOB_ID in the environment of one of its processes, which the job can change; or "".
    std::string id;
    UnixTime since{};              // start of the oldest process that still runs
    std::vector<pid_t> processes;  // sorted
};

// Needs root. A job that ends during the call may be missing.
Result<std::vector<RunningJob>> running_jobs();

// A mount or device that jobs may keep busy.
struct HeldPlace {
    std::string device;  // "MAJOR:MINOR"
    std::string mount;  // mount id in this process's namespace; "" for a device that is not mounted
};
// `path` is a mount point or a block device.
Result<HeldPlace> held_place(const std::string& path);
// Sentences: where `place` is mounted in the job's view, and which processes of the job have their
// working directory, root directory or open files in it.
std::vector<std::string> holds(const RunningJob& job, const HeldPlace& place);

}  // namespace bulkhead::cli
