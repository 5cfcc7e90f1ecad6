// The walls (see wall.hpp) that a profile's jobs have. Jobs of a profile do not start on a host
// that cannot raise one of its obligatory walls.
#pragma once
#include <set>
#include <string>
#include <string_view>

#include "common/policy/policy.hpp"
#include "common/policy/wall.hpp"

namespace bulkhead::policy {

inline constexpr std::string_view kViewWall = "job-view";  // a root directory of the job's own
inline constexpr std::string_view kIdMapWall = "id-map";   // capabilities apply to its trees only
inline constexpr std::string_view kLandlockWall = "landlock";
inline constexpr std::string_view kScopeWall = "landlock-scope";
inline constexpr std::string_view kMemoryWall = "cgroup-memory";
inline constexpr std::string_view kPidsWall = "cgroup-pids";
inline constexpr std::string_view kCpuWall = "cgroup-cpu";

// A wall of the worker: it can connect only to the addresses of its rows.
inline constexpr std::string_view kEgressWall = "egress";

// True if `name` is a wall that a profile may require or give up.
bool is_wall(std::string_view name);
// The names of these walls, "job-view, id-map, ...", for an error about another name.
std::string wall_names();
// The phrase of the wall in wall.cpp, for an error; `wall` itself if it is no wall.
std::string_view wall_in_words(std::string_view wall);

// True if `path` is `directory` or lies beneath it.
bool lies_within(std::string_view path, std::string_view directory);

// True if a user namespace and ID-mapped mounts limit the capabilities of the profile's jobs to its
// trees: it has capabilities, its user is not root, it has a view, and it does not say "without
// id-map".
bool maps_ids(const Profile& profile);
// True if the profile has a row "remove".
bool removes(const Profile& profile);

// The names of the walls without which jobs of the profile do not start: those that its lines imply
// and those of its lines "require", less those of its lines "without".
std::set<std::string, std::less<>> obligatory_walls(const Profile& profile);

// The walls that are raised before the first line of such a job runs, less those that the host
// lacks.
WallSet walls_of_job(const Profile& profile);

// An error, with file, line and column, if lines of the profile contradict each other.
Result<> check_profile(const Profile& profile);

}  // namespace bulkhead::policy
