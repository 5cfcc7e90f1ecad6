#include "cli/as_host.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "common/admission/host_facts.hpp"
#include "common/base/parse.hpp"
#include "common/policy/check_profile.hpp"
#include "common/policy/connect.hpp"
#include "common/policy/walls.hpp"
#include "common/sandbox/child.hpp"
#include "common/sandbox/egress.hpp"
#include "common/sandbox/probe.hpp"
#include "common/sandbox/walls.hpp"
#include "common/sys/dir.hpp"
#include "common/sys/mounts.hpp"
#include "common/view/job_view.hpp"
#include "common/view/user_space.hpp"

namespace bulkhead::cli {

namespace {

using Remarks = std::vector<policy::PolicyRemark>;

// nullopt: no cgroup2 file system is mounted.
std::optional<std::string> controllers() {
    const auto proc = sys::Dir::open("/proc/self");
    const auto text = proc ? proc->read_file("mountinfo", 16 << 20) : fail("");
    if (!text) return "";
    for (const auto& mount : sys::parse_mounts(*text)) {
        if (mount.type != "cgroup2") continue;
        const auto top = sys::Dir::open(std::string(mount.place));
        const auto names = top ? top->read_file("cgroup.controllers", 4096) : fail("");
        return names ? names->substr(0, names->find('\n')) : "";
    }
    return {};
}

// The names of the walls that the broker will find missing. Which cgroup controllers its unit
// delegates is not known here.
std::vector<std::string> missing_features() {
    policy::WallSet not_enabled;
    const auto text = controllers();
    const bool egress = text && sandbox::knows_egress();
    if (::geteuid() == 0 && !egress) not_enabled.add(policy::Wall::egress);
    const auto enabled = words(text ? std::string_view(*text) : "");
    for (const auto& row : policy::walls()) {
        constexpr std::string_view kPrefix = "cgroup-";
        if (!row.name.starts_with(kPrefix)) continue;
        const auto controller = row.name.substr(kPrefix.size());
        if (std::ranges::count(enabled, controller) == 0) not_enabled.add(row.wall);
    }
    return sandbox::names_of(sandbox::lacking_walls(not_enabled));
}

// The bounding set of this process. The broker's unit may have a smaller one
// (CapabilityBoundingSet=, systemd.exec(5)).
std::uint64_t bounding_set() {
    std::uint64_t set = 0;
    for (unsigned bit = 0; bit < 64; ++bit) {
        if (::prctl(PR_CAPBSET_READ, bit, 0, 0, 0) == 1) set |= std::uint64_t{1} << bit;
    }
    return set;
}

// Runs check_places() for the paths that the rows' symlinks lead to.
void ask_for_links(const policy::Profile& profile, Remarks& remarks) {
    auto resolved = profile;
    resolved.paths.clear();
    for (auto rule : profile.paths) {
        std::error_code failed;
        const auto real = std::filesystem::canonical(rule.path, failed).string();
        if (failed || real == rule.path) continue;
        rule.path = real;
        resolved.paths.push_back(std::move(rule));
    }
    for (auto& remark : policy::check_places(resolved)) {
        remark.text = "is a link, and " + remark.text;
        remarks.push_back(std::move(remark));
    }
}

// Makes the root directory of the profile's jobs in a child. Returns what is left out of it.
Result<std::vector<std::string>> try_view(const policy::Profile& profile) {
    sandbox::ProcessIds ids{.user = TRY(sandbox::find_user(profile.user)), .groups = {}};
    ids.user.gid = TRY(sandbox::find_group(profile.group));
    const auto text = TRY(sandbox::ask_child([&]() -> Result<std::string> {
        TRY(sys::check(::unshare(CLONE_NEWNS), "unshare"));
        sys::Fd space;
        if (policy::maps_ids(profile)) {
            space = TRY(view::make_user_namespace(ids, view::IdMap::files));
        }
        const auto view = TRY(view::make_job_view({.profile = profile,
                                                   .account = ids.user,
                                                   .id_map = space.get(),
                                                   .mount_points = "",
                                                   .script_name = ""}));
        std::string sentences;
        for (const auto& sentence : view.left_out) sentences += sentence + "\n";
        return sentences;
    }));
    std::vector<std::string> sentences;
    for (const auto line : split(text, '\n')) {
        if (line.starts_with("left out")) sentences.emplace_back(line);
    }
    return sentences;
}

void ask_for_profile(const policy::Profile& profile, const std::vector<std::string>& missing,
                     Remarks& remarks) {
    const auto where = "profiles/" + profile.name + ".profile";
    const auto lacking = profile.capabilities & ~bounding_set();
    if (lacking != 0) {
        remarks.push_back({true, where,
                           "needs " + policy::capability_names(lacking) +
                               ", which nobody here can give; see CapabilityBoundingSet= of the "
                               "unit, or the container's"});
    }
    ask_for_links(profile, remarks);
    auto probe = sandbox::probe_profile(profile, missing);
    if (!controllers()) {
        probe.unusable = "no cgroup2 file system is mounted, so no job can be contained";
    }
    if (!probe.unusable.empty()) {
        remarks.push_back({true, where, "profile-unusable here: " + probe.unusable});
    }
    if (probe.unusable.empty() && profile.namespaces.mount && ::geteuid() == 0) {
        const auto tried = try_view(profile);
        if (tried) {
            probe.remarks = *tried;
        } else {
            remarks.push_back({true, where, "profile-unusable here: " + tried.error().what});
        }
    }
    for (auto& remark : probe.remarks) remarks.push_back({false, where, std::move(remark)});
}

void ask_for_worker(const policy::Policy& policy, Remarks& remarks) {
    for (const auto& rule : policy.part("worker").paths) {
        struct stat info {};
        if (rule.if_present || ::stat(rule.path.c_str(), &info) == 0) continue;
        remarks.push_back({true, rule.source.place(),
                           rule.path + ": " + std::strerror(errno) +
                               "; the agent would not start. If that is meant: if-present"});
    }
}

}  // namespace

Remarks ask_host(const PolicyCopy& copy) {
    Remarks remarks;
    const auto& policy = copy.policy;
    if (::geteuid() != 0) {
        remarks.push_back({false, copy.directory,
                           "asked as user " + std::to_string(::geteuid()) +
                               ": what only root may look at is not known; ask as root"});
    }
    const auto missing = missing_features();
    for (const auto& [feature, source] : policy.requirements) {
        if (std::ranges::count(missing, feature) == 0) continue;
        remarks.push_back(
            {true, source.at(), "this host lacks " + feature + "; the agent would not start"});
    }
    if (const auto held = policy::require_some_egress(policy, missing); !held) {
        remarks.push_back({true, "host.policy", held.error().what});
    }
    const auto facts = admission::look_at(policy, copy.directory);
    for (const auto& [path, source] : policy.interpreters) {
        const auto& at = facts.interpreters.at(path);
        if (at.trusted) continue;
        remarks.push_back({false, source.at(), "no job runs by " + path + " here: " + at.detail});
    }
    ask_for_worker(policy, remarks);
    for (const auto& [name, profile] : policy.profiles) ask_for_profile(profile, missing, remarks);
    return remarks;
}

}  // namespace bulkhead::cli
