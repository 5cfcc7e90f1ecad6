// The jobs that run on this host, as the kernel shows them: by cgroup, without asking the agent.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "common/base/parse.hpp"
#include "common/base/result.hpp"

namespace bulkhead::cli {

struct RunningJob {
    std::string agent;             // "bulkhead-LABEL", its cgroup
    std::string number;            // the agent's
    std::string id;                // its word: what BULKHEAD_JOB_ID says in a process of it, or ""
    UnixTime since{};              // of its oldest process that is there
    std::vector<pid_t> processes;  // sorted
};

// Needs root. A job that ends meanwhile is there or is not.
Result<std::vector<RunningJob>> running_jobs();

// What keeps a file system from being unmounted for good.
struct HeldPlace {
    std::string device;  // "MAJOR:MINOR"
    std::string mount;   // of this process's namespace, its id; "" for a device that is none's
};
// `path` is a mount point or a block device.
Result<HeldPlace> held_place(const std::string& path);
// Where it is mounted in a view of the job's, and which processes stand or have files in it.
std::vector<std::string> holds(const RunningJob& job, const HeldPlace& place);

}  // namespace bulkhead::cli
