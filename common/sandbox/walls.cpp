#include "common/sandbox/walls.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "common/base/strong.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/sandbox/privileges.hpp"

namespace bulkhead::sandbox {

namespace {

using policy::Wall;
using policy::WallSet;

// Linux 6.3; absent from Debian 12's headers.
constexpr int kSetMdwe = 65;
constexpr int kGetMdwe = 66;
constexpr unsigned long kRefuseExecGain = 1;

// True if the kernel has what the wall needs. The switch has no default, so that a wall without its
// line does not compile.
bool is_there(Wall wall) {
    switch (wall) {
        case Wall::identity:
        case Wall::capabilities:
        case Wall::no_new_privs:
        case Wall::limits:
        case Wall::end_with_parent:
        case Wall::not_dumpable:
        case Wall::namespaces:
        case Wall::place:
        case Wall::seccomp:
            return true;
        case Wall::landlock:
            return landlock_abi() >= 1;
        case Wall::landlock_net:
            return landlock_abi() >= 4;
        case Wall::landlock_scope:
            return landlock_abi() >= 6;
        case Wall::mdwe:
            return has_mdwe();
        case Wall::mseal:
            return has_mseal();
        case Wall::worker_view:
        case Wall::job_view:
        case Wall::id_map:
            return has_mount_attributes();
        case Wall::egress:
        case Wall::cgroup_memory:
        case Wall::cgroup_pids:
        case Wall::cgroup_cpu:
            return true;  // the kernel cannot be asked; see `not_raised` of lacking_walls()
    }
    return false;
}

Result<> require_set(bool set, Wall wall, const char* what) {
    if (set) return {};
    return differs(std::string(policy::row_of(wall).name) + " differs: " + what);
}

}  // namespace

WallSet lacking_walls(WallSet not_raised) {
    auto lacking = not_raised;
    for (const auto& row : policy::walls()) {
        if (!is_there(row.wall)) lacking.add(row.wall);
    }
    return lacking;
}

std::vector<std::string> names_of(WallSet walls) {
    std::vector<std::string> names;
    for (const auto& row : policy::walls()) {
        if (walls.has(row.wall)) names.emplace_back(row.name);
    }
    return names;
}

bool has_mount_attributes() {
    // The arguments are invalid, so a kernel that has the call answers with another error than
    // ENOSYS.
    static const bool kThere =
        ::syscall(SYS_mount_setattr, -1, "", 0, nullptr, 0) == 0 || errno != ENOSYS;
    return kThere;
}

bool has_mdwe() { return ::prctl(kGetMdwe, 0, 0, 0, 0) >= 0; }

bool has_mseal() {
    constexpr long kMseal = 462;  // on every architecture; Debian 12's headers lack it
    return ::syscall(kMseal, nullptr, 0, 0) == 0 || errno != ENOSYS;
}

Result<> end_with_parent() {
    TRY(sys::check(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG"));
    int set = 0;
    TRY(sys::check(::prctl(PR_GET_PDEATHSIG, &set, 0, 0, 0), "PR_GET_PDEATHSIG"));
    return require_set(set == SIGKILL, Wall::end_with_parent, "it would outlive the broker");
}

Result<> refuse_dumps() {
    TRY(forbid_core());
    TRY(sys::check(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE"));
    return require_set(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0, Wall::not_dumpable,
                       "it can be read from outside");
}

Result<> refuse_new_code() {
    TRY(sys::check(::prctl(kSetMdwe, kRefuseExecGain, 0, 0, 0), "PR_SET_MDWE"));
    const auto set = static_cast<unsigned long>(::prctl(kGetMdwe, 0, 0, 0, 0));
    return require_set(set == kRefuseExecGain, Wall::mdwe, "memory can become executable");
}

Result<> raise_ruleset(int ruleset, const std::string& closed) {
    TRY(restrict_self(ruleset));
    if (closed.empty()) return {};
    const sys::Fd tried(::open(closed.c_str(), O_RDONLY | O_CLOEXEC));
    return require_set(!tried && errno == EACCES, Wall::landlock, "what no rule names is open");
}

Result<sys::Fd> own_status() {
    sys::Fd status(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
    if (!status) return sys::fail_errno("/proc/self/status");
    return status;
}

Result<> raise_filter(const Filter& filter, const sys::Fd& status) {
    const auto seen = [&]() -> Result<ProcStatus> {
        return parse_proc_status(TRY(sys::read_from_start(status, 64_KiB)));
    };
    const auto before = TRY(seen());
    TRY(install(filter));
    const auto after = TRY(seen());
    const bool counted = after.filters == before.filters + 1 || after.filters == 0;
    return require_set(after.seccomp == 2 && counted, Wall::seccomp, "no filter was added");
}

Result<> Standing::add(WallSet walls, Result<> raised) {
    if (raised) walls_ = walls_ | walls;
    return raised;
}

Result<> Standing::require(WallSet wanted) const {
    const auto absent = wanted.without(walls_);
    if (absent.empty()) return {};
    return differs("never raised: " + absent.names());
}

}  // namespace bulkhead::sandbox
