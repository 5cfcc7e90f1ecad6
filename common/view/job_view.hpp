// The root directory of a job: the rows of its profile, what every script expects, and nothing
// else.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "common/policy/policy.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::view {

// What a private /tmp covers.
inline constexpr std::array<const char*, 2> kScratch{"/tmp", "/var/tmp"};
// Nodes of /dev that every job with a view has, on read-only mounts: they can be written to, and
// their modes stay as they are.
inline constexpr std::array<const char*, 5> kDevices{"null", "zero", "full", "random", "urandom"};
inline constexpr const char* kShm = "/dev/shm";         // a job's own, empty
inline constexpr const char* kLock = "/run/lock";       // the same
inline constexpr const char* kHome = "/job/home";       // the same, its account's
inline constexpr const char* kScripts = "/job/script";  // where its script lies, read-only
// Stands there for Landlock to be tried on: no rule lets a job read it.
inline constexpr const char* kClosed = "/job/closed";
// Of what is mounted beneath rows; more is left out.
inline constexpr std::size_t kMostMounts = 256;

struct JobViewPlan {
    const policy::Profile& profile;
    sandbox::User account;
    int id_map = -1;           // user namespace for its trees to write and remove in
    std::string mount_points;  // a directory on the host's root file system, for places; "": none
    int script = -1;           // a sealed memfd, or nothing
    std::string script_name;
};

struct JobView {
    std::vector<policy::PathRule> rows;  // that stand in it, those of every job among them
    std::vector<std::string> left_out;   // sentences: what does not, and why
};

// In the job's own mount namespace, as root: the root directory becomes one that holds the rows of
// the profile, private clones without set-user-id and devices, read-only but for its rows to write
// and remove; fresh /tmp and /var/tmp if they are private, /dev/shm, /run/lock, a home and the
// script; its own /proc. A row to read or execute holds what is mounted there at this moment, one
// to write or remove does not. Reads back what it has set. Without a mount namespace it does
// nothing.
Result<JobView> make_job_view(const JobViewPlan& plan);

// The bytes of the memfd `script` in a new file that `group` may read and run, and nobody write.
Result<> copy_script(int script, const std::string& path, gid_t group);

// Takes away the places of views that earlier brokers made; no job may be running.
Result<> forget_mount_points(const std::string& directory);

}  // namespace bulkhead::view
