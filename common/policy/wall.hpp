// The table of walls. A wall is a mechanism of the kernel that confines a process of the agent or a
// job. Code that probes, raises, reads back or prints walls uses this table; the system calls are
// in common/sandbox/walls.hpp.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace bulkhead::policy {

enum class Wall : std::uint8_t {
    // Walls that every kernel has on which the agent runs.
    identity,
    capabilities,
    no_new_privs,
    limits,
    end_with_parent,
    not_dumpable,
    namespaces,
    place,
    seccomp,
    // Walls that a kernel may lack, or that a host may not provide.
    landlock,
    landlock_net,
    landlock_scope,
    egress,
    mdwe,
    mseal,
    worker_view,
    job_view,
    id_map,
    cgroup_memory,
    cgroup_pids,
    cgroup_cpu,
};

struct WallRow {
    // The policy files that may name the wall in a line "require".
    enum class Named { by_nobody, by_host, by_profiles };

    Wall wall = Wall::identity;
    std::string_view name;   // in policy, in `missing` and in errors of Kind::differs
    std::string_view since;  // Linux version; empty if every kernel has it on which the agent runs
    std::string_view words;  // a phrase for people
    Named named = Named::by_nobody;  // `by_profiles` includes host.policy
};

// All rows, in the order of the enumeration.
std::span<const WallRow> walls();
const WallRow& row_of(Wall wall);

// True if a host may lack the wall.
inline bool may_lack(const WallRow& row) { return row.named != WallRow::Named::by_nobody; }
// True if `name` is a wall that host.policy may require.
bool is_feature(std::string_view name);

class WallSet {
  public:
    constexpr WallSet() = default;
    constexpr WallSet(std::initializer_list<Wall> walls) {
        for (const auto wall : walls) add(wall);
    }
    constexpr void add(Wall wall) { bits_ |= bit(wall); }
    constexpr void remove(Wall wall) { bits_ &= ~bit(wall); }
    constexpr bool has(Wall wall) const { return (bits_ & bit(wall)) != 0; }
    constexpr bool empty() const { return bits_ == 0; }
    constexpr WallSet operator|(WallSet other) const { return WallSet(bits_ | other.bits_); }
    // The walls of this set that are not in `other`.
    constexpr WallSet without(WallSet other) const { return WallSet(bits_ & ~other.bits_); }
    constexpr friend bool operator==(WallSet, WallSet) = default;
    // The names, as in "identity, landlock".
    std::string names() const;

  private:
    constexpr explicit WallSet(std::uint32_t bits) : bits_(bits) {}
    static constexpr std::uint32_t bit(Wall wall) {
        return std::uint32_t{1} << static_cast<unsigned>(wall);
    }
    std::uint32_t bits_ = 0;
};

// The walls of the agent's processes, less those that the host lacks. The last three of the broker
// also confine every process that it starts.
inline constexpr WallSet kBrokerWalls{Wall::not_dumpable, Wall::limits, Wall::capabilities,
                                      Wall::no_new_privs, Wall::seccomp};
// Raised by a child of the broker before execve(2), for the worker and the config reader.
inline constexpr WallSet kRaisedBeforeExec{Wall::limits, Wall::identity, Wall::capabilities,
                                           Wall::no_new_privs, Wall::end_with_parent};
// Raised for the worker by the broker.
inline constexpr WallSet kRaisedFromOutside{Wall::place, Wall::worker_view, Wall::egress};
// Raised by the worker. Those that only root can raise it reads back from the kernel.
inline constexpr WallSet kRaisedByWorker{
    Wall::end_with_parent, Wall::not_dumpable, Wall::mdwe,     Wall::mseal,        Wall::identity,
    Wall::capabilities,    Wall::no_new_privs, Wall::landlock, Wall::landlock_net, Wall::seccomp};
// The walls of the child that checks scripts. If the caller is not root, the child keeps the
// caller's ids.
inline constexpr WallSet kVetWalls{Wall::limits,       Wall::identity,        Wall::capabilities,
                                   Wall::no_new_privs, Wall::end_with_parent, Wall::landlock,
                                   Wall::seccomp};

}  // namespace bulkhead::policy
