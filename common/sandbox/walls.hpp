// The walls of common/policy/wall.hpp, as far as one call raises them: is it there, raise it, read
// it back. What takes more (identity, a ruleset, a view) stands in a file of its own, and each of
// those functions reads back, too.
#pragma once
#include <string>
#include <vector>

#include "common/policy/wall.hpp"
#include "common/sandbox/seccomp.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::sandbox {

// Those that this host lacks: it says so when asked, or `not_raised` has them, for only who raises
// them can tell (controllers, views).
policy::WallSet lacking_walls(policy::WallSet not_raised);
// By name, in the order of the table.
std::vector<std::string> names_of(policy::WallSet walls);

// mount_setattr(2), Linux 5.12: what views are made by.
bool has_mount_attributes();
bool has_mdwe();
bool has_mseal();

// Each of these is for the calling process, and reads back what the kernel made of it.
Result<> end_with_parent();
Result<> refuse_dumps();     // no core, and nobody of its user reads its memory
Result<> refuse_new_code();  // needs has_mdwe()
// `closed` is what everybody may open by its mode and no rule names; empty: nothing to try.
Result<> raise_ruleset(int ruleset, const std::string& closed);
// `status` is /proc/self/status, opened before a ruleset hid it.
Result<> raise_filter(const Filter& filter, const sys::Fd& status);
Result<sys::Fd> own_status();

// Which walls of a process stand: raised without an error, and read back. A sequence that forgets
// one does not get to its end.
class Standing {
  public:
    // Takes note of what a function that raises and reads back has answered.
    Result<> add(policy::WallSet walls, Result<> raised);
    Result<> require(policy::WallSet wanted) const;
    policy::WallSet walls() const { return walls_; }

  private:
    policy::WallSet walls_;
};

}  // namespace bulkhead::sandbox
