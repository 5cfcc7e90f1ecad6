// Walls are the kernel mechanisms in the table of common/policy/wall.cpp. This file has those that
// one system call raises: whether the kernel has it, how it is raised and read back. The others
// (identity, Landlock rulesets, views) have files of their own and are read back there.
#pragma once
#include <string>
#include <vector>

#include "common/policy/wall.hpp"
#include "common/sandbox/seccomp.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::sandbox {

// The walls that this host lacks: those that the kernel does not have, and `not_raised`. The caller
// puts into `not_raised` the walls (cgroup controllers, views) whose lack shows only in raising.
policy::WallSet lacking_walls(policy::WallSet not_raised);
// The names, in the order of the table.
std::vector<std::string> names_of(policy::WallSet walls);

bool has_mount_attributes();  // mount_setattr(2), Linux 5.12; views need it
bool has_mdwe();              // PR_SET_MDWE (prctl(2)), Linux 6.3
bool has_mseal();             // mseal(2), Linux 6.10

// Each of these acts on the calling process and reads the state back from the kernel. Kind::differs
// if that is not the wanted one.
Result<> end_with_parent();  // SIGKILL when the parent ends (PR_SET_PDEATHSIG, prctl(2))
// No core dumps, and no process of the same user can ptrace(2) it or open its files in /proc
// (PR_SET_DUMPABLE, prctl(2)).
Result<> refuse_dumps();
Result<> refuse_new_code();  // no memory becomes executable (PR_SET_MDWE); needs has_mdwe()
// Restricts the process by a Landlock ruleset. `closed` is the path of a file whose mode lets
// everybody read it and that no rule names; opening it must then fail with EACCES. Empty: no try.
Result<> raise_ruleset(int ruleset, const std::string& closed);
// Installs a seccomp filter. `status` is what own_status() returned, called before a ruleset denied
// the path.
Result<> raise_filter(const Filter& filter, const sys::Fd& status);
Result<sys::Fd> own_status();  // /proc/self/status

// Records which walls of a process were raised and read back. require() makes a sequence fail that
// left one out.
class Standing {
  public:
    // Records `walls` if `raised`, the result of a function that raises and reads back, is no
    // error, and returns `raised`.
    Result<> add(policy::WallSet walls, Result<> raised);
    // Kind::differs with the names of the walls in `wanted` that were not recorded.
    Result<> require(policy::WallSet wanted) const;
    policy::WallSet walls() const { return walls_; }

  private:
    policy::WallSet walls_;
};

}  // namespace bulkhead::sandbox
