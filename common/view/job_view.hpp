// The root directory of a job. It holds the rows of its profile, and the few files and directories
// that every script expects.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "common/policy/policy.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/fd.hpp"
#include "common/view/root.hpp"

namespace bulkhead::view {

// The directories that are the job's own if its profile says private-tmp.
inline constexpr std::array<const char*, 2> kScratch{"/tmp", "/var/tmp"};
// Nodes of /dev that every job with a view has. Their mounts are read-only: a job can write to the
// device, but cannot change the node's mode or owner.
inline constexpr std::array<const char*, 5> kDevices{"null", "zero", "full", "random", "urandom"};
inline constexpr const char* kShm = "/dev/shm";         // the job's own, empty at its start
inline constexpr const char* kLock = "/run/lock";       // the same
inline constexpr const char* kHome = "/job/home";       // the same, owned by the job's account
inline constexpr const char* kScripts = "/job/script";  // holds the script; read-only
// A file that everybody may read by its mode, but that no Landlock rule names. Reading it must
// fail; that is how the ruleset is tested.
inline constexpr const char* kClosed = "/job/closed";
// Number of mounts beneath rows that a view holds; further ones are left out.
inline constexpr std::size_t kMostMounts = 256;

struct JobViewPlan {
    const policy::Profile& profile;
    sandbox::User account;
    int id_map = -1;           // user namespace that maps ids of trees to write and remove in
    std::string mount_points;  // directory on the host's root file system for mount points, or ""
    int script = -1;           // a sealed memfd; -1: none
    std::string script_name;
};

struct JobView {
    std::vector<policy::PathRule> rows;  // the profile's rows that are in the view
    std::vector<std::string> left_out;   // a sentence for each row that is not, with the reason
    Pieces late{};                       // mounts beneath /proc, for complete_job_view()
    sys::Fd scripts{};                   // the directory of the script, in which it can be made
    // Whether a view made now and used later is the same: no file system of it may have stopped
    // answering, and complete_job_view() knows all that is late.
    bool steady = true;
    std::vector<Looked> looked{};  // what stood at the rows' paths and on the way to them
};

// Call it as root in the job's mount namespace. It changes the root directory to one that holds
// - clones of the trees that the profile's rows name, nosuid and nodev, and read-only except for
//   rows to write or remove. Mounts beneath a row to read or execute are included as they are now;
//   mounts beneath other rows are not;
// - /tmp and /var/tmp of the job's own if they are private, /dev/shm, /run/lock, a home directory,
//   and places for the script and /proc.
// It reads the mounts back; Kind::differs if one is not as it was set. For a profile without a
// mount namespace it does nothing. Needs Linux 5.12.
Result<JobView> make_job_view(const JobViewPlan& plan);

// What can only be made when the job is there: call it with the view as root directory, in the
// job's pid namespace. Mounts /proc, if it is the job's own, and what is mounted beneath it, and
// copies the script. Kind::differs as above.
Result<> complete_job_view(const JobViewPlan& plan, const JobView& view);

// The rows of what make_job_view() puts into every view.
std::vector<policy::PathRule> rows_of_every_job(const std::string& script_name);

// Copies the bytes of the memfd `script` to a new file in `directory` (AT_FDCWD: `name` is a path)
// with mode 0550 and group `group`.
Result<> copy_script(int script, int directory, const std::string& name, gid_t group);

// Removes the mount points in `directory` that earlier brokers made for views. Call it while no job
// runs.
Result<> forget_mount_points(const std::string& directory);

}  // namespace bulkhead::view
