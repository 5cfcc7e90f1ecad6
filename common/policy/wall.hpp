// The table of walls: one row for each mechanism of the kernel that holds a process of ours.
// Whoever asks whether it is there, raises it, reads it back or tells of it goes by this table; the
// effects are in common/sandbox/walls.hpp.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace bulkhead::policy {

enum class Wall : std::uint8_t {
    // There on every kernel that the agent runs on.
    identity,
    capabilities,
    no_new_privs,
    limits,
    end_with_parent,
    not_dumpable,
    namespaces,
    place,
    seccomp,
    // Those that a kernel may lack, or a host may not give.
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
    // Who may name it in a line "require".
    enum class Named { by_nobody, by_host, by_profiles };

    Wall wall = Wall::identity;
    std::string_view name;   // also in `missing`, and in what a child says that was not held
    std::string_view since;  // Linux; empty: older than what the agent runs on
    std::string_view words;
    Named named = Named::by_nobody;  // `by_profiles`: by the host's policy too
};

// In the order of the enumeration.
std::span<const WallRow> walls();
const WallRow& row_of(Wall wall);

// May a host lack it?
inline bool may_lack(const WallRow& row) { return row.named != WallRow::Named::by_nobody; }
// Something that host.policy may require.
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
    // Those of it that are not in `other`.
    constexpr WallSet without(WallSet other) const { return WallSet(bits_ & ~other.bits_); }
    constexpr friend bool operator==(WallSet, WallSet) = default;
    // "identity, landlock"
    std::string names() const;

  private:
    constexpr explicit WallSet(std::uint32_t bits) : bits_(bits) {}
    static constexpr std::uint32_t bit(Wall wall) {
        return std::uint32_t{1} << static_cast<unsigned>(wall);
    }
    std::uint32_t bits_ = 0;
};

// What stands of a part of the agent, but for what the host lacks. The last three of the broker's
// hold all that it starts, too.
inline constexpr WallSet kBrokerWalls{Wall::not_dumpable, Wall::limits, Wall::capabilities,
                                      Wall::no_new_privs, Wall::seccomp};
// Of a confined process, before its exec.
inline constexpr WallSet kRaisedBeforeExec{Wall::limits, Wall::identity, Wall::capabilities,
                                           Wall::no_new_privs, Wall::end_with_parent};
// By the broker from outside.
inline constexpr WallSet kRaisedFromOutside{Wall::place, Wall::worker_view, Wall::egress};
// By the worker itself; what it cannot raise any more it looks at.
inline constexpr WallSet kRaisedByWorker{
    Wall::end_with_parent, Wall::not_dumpable, Wall::mdwe,     Wall::mseal,        Wall::identity,
    Wall::capabilities,    Wall::no_new_privs, Wall::landlock, Wall::landlock_net, Wall::seccomp};
// Of the child that checks scripts; of an author who is not root it has the identity.
inline constexpr WallSet kVetWalls{Wall::limits,       Wall::identity,        Wall::capabilities,
                                   Wall::no_new_privs, Wall::end_with_parent, Wall::landlock,
                                   Wall::seccomp};

}  // namespace bulkhead::policy
