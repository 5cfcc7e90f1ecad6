// The walls of jobs: what a profile's promises stand on. A profile whose obligatory wall this host
// cannot raise does not run.
#pragma once
#include <set>
#include <string>
#include <string_view>

#include "common/policy/policy.hpp"
#include "common/policy/wall.hpp"

namespace bulkhead::policy {

inline constexpr std::string_view kViewWall = "job-view";  // a root of its own
inline constexpr std::string_view kIdMapWall = "id-map";   // capabilities end at its trees
inline constexpr std::string_view kLandlockWall = "landlock";
inline constexpr std::string_view kScopeWall = "landlock-scope";
inline constexpr std::string_view kMemoryWall = "cgroup-memory";
inline constexpr std::string_view kPidsWall = "cgroup-pids";
inline constexpr std::string_view kCpuWall = "cgroup-cpu";

// The worker's: it connects to the addresses of its rows and to no others.
inline constexpr std::string_view kEgressWall = "egress";

bool is_wall(std::string_view name);
// "job-view, id-map, ...": for whoever wrote another.
std::string wall_names();
// "a view of its own (Linux 5.12)", for a refusal.
std::string_view wall_in_words(std::string_view wall);

// `path` is `directory`, or beneath it.
bool lies_within(std::string_view path, std::string_view directory);

// Capabilities that a user namespace and ID-mapped mounts hold to the profile's trees: it has some
// and is not root, and there is a view for the mounts to be in.
bool maps_ids(const Profile& profile);
bool removes(const Profile& profile);

// Without which jobs of the profile do not run: what follows from its lines, and its `require`
// lines, but for those it is `without`.
std::set<std::string, std::less<>> obligatory_walls(const Profile& profile);

// What stands before the first line of such a job runs, but for what the host lacks.
WallSet walls_of_job(const Profile& profile);

// What contradicts itself in the lines of one profile, with file, line and column.
Result<> check_profile(const Profile& profile);

}  // namespace bulkhead::policy
