#include "common/policy/walls.hpp"

#include <algorithm>

#include "common/policy/constants.hpp"

namespace bulkhead::policy {

namespace {

bool for_profiles(const WallRow& row) { return row.named == WallRow::Named::by_profiles; }

bool makes(Access access) { return access == Access::write || access == Access::devices; }

std::unexpected<Error> wrong(const Source& source, std::string_view what) {
    return fail((source.column > 0 ? source.place() : source.at()) + ": " + std::string(what));
}

bool names(const std::vector<WallLine>& lines, std::string_view wall) {
    return std::ranges::any_of(lines, [&](const auto& line) { return line.wall == wall; });
}

Result<> check_walls(const Profile& profile) {
    for (const auto& [wall, source] : profile.without) {
        if (names(profile.require, wall)) {
            return wrong(source, "another line requires " + wall + "; take one of the two out");
        }
        if (wall == kLandlockWall && removes(profile)) {
            return wrong(source,
                         "a row \"remove\" rests on Landlock alone; take out the one or the other");
        }
        if (wall == kViewWall && profile.namespaces.mount) {
            return wrong(source,
                         "\"namespaces mount\" is this wall; leave mount out of that line instead");
        }
    }
    return {};
}

Result<> check_removal(const Profile& profile) {
    for (const auto& rule : profile.paths) {
        if (rule.access != Access::remove) continue;
        if (rule.path == "/") {
            return wrong(rule.source, "no profile deletes everywhere; name a directory");
        }
        if (!profile.namespaces.mount) {
            return wrong(rule.source, "a row \"remove\" needs \"namespaces mount\"");
        }
        if (profile.private_tmp &&
            (lies_within(rule.path, "/tmp") || lies_within(rule.path, "/var/tmp"))) {
            return wrong(rule.source,
                         "the host's is not there to delete from; write \"private-tmp no\"");
        }
        for (const auto& other : profile.paths) {
            if (!makes(other.access)) continue;
            if (!lies_within(other.path, rule.path) && !lies_within(rule.path, other.path))
                continue;
            return wrong(other.source, other.path + " and \"remove " + rule.path + "\" of line " +
                                           std::to_string(rule.source.line) +
                                           " overlap, and deleting would be the least of what it "
                                           "may; keep one of the two");
        }
    }
    return {};
}

// With CAP_SETUID or CAP_SETGID a job could take the ids of other owners of files in its trees.
// With CAP_FSETID or CAP_SETFCAP it could leave files there that run with their owner's ids or with
// capabilities.
constexpr std::string_view kEscapes[] = {"CAP_SETUID", "CAP_SETGID", "CAP_FSETID", "CAP_SETFCAP"};

Result<> check_capabilities(const Profile& profile) {
    if (!maps_ids(profile)) return {};
    for (const auto name : kEscapes) {
        if ((profile.capabilities & TRY(parse_capability(name))) == 0) continue;
        return fail(profile.source.file + ": " + std::string(name) +
                    " would undo the wall id-map, which holds this profile's capabilities to its "
                    "rows; take it out of \"capabilities\", or write: without id-map  # why");
    }
    return {};
}

}  // namespace

bool lies_within(std::string_view path, std::string_view directory) {
    if (directory == "/") return true;
    return path.starts_with(directory) &&
           (path.size() == directory.size() || path[directory.size()] == '/');
}

bool is_wall(std::string_view name) {
    return std::ranges::any_of(
        walls(), [&](const auto& row) { return row.name == name && for_profiles(row); });
}

std::string wall_names() {
    WallSet named;
    for (const auto& row : walls()) {
        if (for_profiles(row)) named.add(row.wall);
    }
    return named.names();
}

std::string_view wall_in_words(std::string_view wall) {
    const auto row = std::ranges::find(walls(), wall, &WallRow::name);
    return row == walls().end() ? wall : row->words;
}

bool maps_ids(const Profile& profile) {
    return profile.namespaces.mount && profile.user != "root" && profile.capabilities != 0 &&
           !names(profile.without, kIdMapWall);
}

bool removes(const Profile& profile) {
    return std::ranges::any_of(profile.paths,
                               [](const auto& rule) { return rule.access == Access::remove; });
}

std::set<std::string, std::less<>> obligatory_walls(const Profile& profile) {
    std::set<std::string, std::less<>> walls;
    for (const auto& line : profile.require) walls.insert(line.wall);
    if (profile.namespaces.mount) walls.emplace(kViewWall);
    if (maps_ids(profile)) walls.emplace(kIdMapWall);
    if (removes(profile)) walls.emplace(kLandlockWall);
    for (const auto& line : profile.without) walls.erase(line.wall);
    return walls;
}

WallSet walls_of_job(const Profile& profile) {
    WallSet walls{Wall::place,        Wall::namespaces,   Wall::limits,          Wall::identity,
                  Wall::capabilities, Wall::no_new_privs, Wall::end_with_parent, Wall::seccomp};
    if (profile.namespaces.mount) walls.add(Wall::job_view);
    if (maps_ids(profile)) walls.add(Wall::id_map);
    if (!profile.host_files && !names(profile.without, kLandlockWall)) walls.add(Wall::landlock);
    if (profile.limits.memory > 0) walls.add(Wall::cgroup_memory);
    if (profile.limits.pids > 0) walls.add(Wall::cgroup_pids);
    if (profile.limits.cpu_percent > 0) walls.add(Wall::cgroup_cpu);
    return walls;
}

Result<> check_profile(const Profile& profile) {
    const auto& apart = profile.namespaces;
    if ((profile.private_tmp || apart.pid) && !apart.mount) {
        return fail(profile.source.at() +
                    ": private-tmp and the namespace pid need \"namespaces mount\"");
    }
    TRY(check_walls(profile));
    TRY(check_removal(profile));
    TRY(check_capabilities(profile));
    if (profile.host_files && !profile.paths.empty()) {
        return wrong(profile.paths.front().source,
                     "\"files host\" has no rows: files are as its user has them");
    }
    if (profile.host_files && profile.namespaces.mount) {
        return fail(profile.source.at() +
                    ": \"files host\" and \"namespaces mount\" exclude each other");
    }
    return {};
}

}  // namespace bulkhead::policy
