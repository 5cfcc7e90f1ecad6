#include "common/policy/wall.hpp"

#include <algorithm>
#include <array>

#include "common/policy/walls.hpp"

namespace bulkhead::policy {

namespace {

using Named = WallRow::Named;

constexpr std::array kRows{
    WallRow{Wall::identity, "identity", "", "user, group and supplementary groups of its own"},
    WallRow{Wall::capabilities, "capabilities", "",
            "no capability but those that its profile names, in any set; securebits locked"},
    WallRow{Wall::no_new_privs, "no-new-privs", "", "no program gives it more than it has"},
    WallRow{Wall::limits, "limits", "", "resource limits, and no core dumps"},
    WallRow{Wall::end_with_parent, "end-with-parent", "", "killed when the broker dies"},
    WallRow{Wall::not_dumpable, "not-dumpable", "",
            "no other process of its user reads its memory"},
    WallRow{Wall::namespaces, "namespaces", "", "namespaces of its own, as its profile says"},
    WallRow{Wall::place, "place", "", "its own place in the tree of control groups"},
    WallRow{Wall::seccomp, "seccomp", "", "a list of system calls, over the broker's ceiling"},
    WallRow{Wall::landlock, kLandlockWall, "5.13, and enabled at boot",
            "Landlock (Linux 5.13, and enabled at boot)", Named::by_profiles},
    WallRow{Wall::landlock_net, "landlock-net", "6.7", "Landlock's rules for TCP ports (Linux 6.7)",
            Named::by_host},
    WallRow{Wall::landlock_scope, kScopeWall, "6.12",
            "Landlock's scope of signals and abstract sockets (Linux 6.12)", Named::by_profiles},
    WallRow{Wall::egress, kEgressWall, "4.17",
            "connections by address, BPF in its control group (Linux 4.17)", Named::by_host},
    WallRow{Wall::mdwe, "mdwe", "6.3", "no memory becomes executable (Linux 6.3)", Named::by_host},
    WallRow{Wall::mseal, "mseal", "6.10", "no code is mapped anew (Linux 6.10)", Named::by_host},
    WallRow{Wall::worker_view, "worker-view", "5.12",
            "a root directory of the worker's own (mount_setattr(2), Linux 5.12)", Named::by_host},
    WallRow{Wall::job_view, kViewWall, "5.12",
            "a root directory of its own (mount_setattr(2), Linux 5.12)", Named::by_profiles},
    WallRow{Wall::id_map, kIdMapWall, "5.12", "user namespaces and ID-mapped mounts (Linux 5.12)",
            Named::by_profiles},
    WallRow{Wall::cgroup_memory, kMemoryWall, "4.5", "the memory controller of cgroup v2",
            Named::by_profiles},
    WallRow{Wall::cgroup_pids, kPidsWall, "4.5", "the pids controller of cgroup v2",
            Named::by_profiles},
    WallRow{Wall::cgroup_cpu, kCpuWall, "4.15", "the cpu controller of cgroup v2",
            Named::by_profiles},
};

consteval bool in_order() {
    for (std::size_t i = 0; i < kRows.size(); ++i) {
        if (static_cast<std::size_t>(kRows[i].wall) != i) return false;
    }
    return kRows.size() <= 32;
}
static_assert(in_order(), "row_of() indexes by the number, and a WallSet has 32 bits");

}  // namespace

std::span<const WallRow> walls() { return kRows; }

const WallRow& row_of(Wall wall) { return kRows[static_cast<std::size_t>(wall)]; }

bool is_feature(std::string_view name) {
    return std::ranges::any_of(kRows,
                               [&](const auto& row) { return row.name == name && may_lack(row); });
}

std::string WallSet::names() const {
    std::string list;
    for (const auto& row : kRows) {
        if (has(row.wall)) list.append(list.empty() ? "" : ", ").append(row.name);
    }
    return list;
}

}  // namespace bulkhead::policy
