#include "cli/as_host.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "common/admission/host_facts.hpp"
#include "common/base/parse.hpp"
#include "common/policy/check_profile.hpp"
#include "common/policy/walls.hpp"
#include "common/sandbox/child.hpp"
#include "common/sandbox/egress.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/sandbox/probe.hpp"
#include "common/sandbox/walls.hpp"
#include "common/sys/dir.hpp"
#include "common/sys/mounts.hpp"
#include "common/view/job_view.hpp"
#include "common/view/user_space.hpp"

namespace bulkhead::cli {

namespace {

using Remarks = std::vector<policy::PolicyRemark>;

// No error: hosts differ, and the broker takes the policy and refuses the jobs of that profile.
const std::string kUnusable = "profile-unusable here, so its jobs are refused: ";

bool is_there(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0;
}

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
        const view::JobViewPlan plan{.profile = profile,
                                     .account = ids.user,
                                     .id_map = space.get(),
                                     .mount_points = "",
                                     .script_name = ""};
        const auto view = TRY(view::make_job_view(plan));
        TRY(view::complete_job_view(plan, view));
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
    ask_for_links(profile, remarks);
    auto probe = sandbox::probe_profile(profile, missing);
    if (!controllers()) {
        probe.unusable = "no cgroup2 file system is mounted, so no job can be contained";
    }
    if (!probe.unusable.empty()) {
        remarks.push_back({false, where, kUnusable + probe.unusable});
    }
    if (probe.unusable.empty() && profile.namespaces.mount && ::geteuid() == 0) {
        const auto tried = try_view(profile);
        if (tried) {
            probe.remarks = *tried;
        } else {
            remarks.push_back({false, where, kUnusable + tried.error().what});
        }
    }
    for (auto& remark : probe.remarks) remarks.push_back({false, where, std::move(remark)});
}

// What only an attempt tells: can the kernel hold a worker to its rows?
void ask_for_worker(const policy::Profile& worker, Remarks& remarks) {
    const auto missing = [](const auto& row) { return !row.if_present && !is_there(row.path); };
    if (std::ranges::any_of(worker.paths, missing)) return;  // judge() has said so
    const auto made = sandbox::make_ruleset(
        {.paths = worker.paths, .writable = {}, .proc = -1, .tcp_connect = std::span(worker.ports)},
        sandbox::landlock_abi());
    if (!made) remarks.push_back({true, worker.source.file, made.error().what});
}

// The accounts of the agent's own processes, as its package makes them. A broker that is told
// others
// (--worker-user, --config-user) takes those.
std::map<std::uint32_t, std::string> own_accounts() {
    constexpr unsigned kSlots = 16;
    std::map<std::uint32_t, std::string> own;
    for (unsigned slot = 0; slot < kSlots; ++slot) {
        const auto user = sandbox::find_user("bulkhead-w" + std::to_string(slot));
        if (user) own[user->uid] = "the worker's of slot " + std::to_string(slot);
    }
    const auto reader = sandbox::find_user("bulkhead-config");
    if (reader) own[reader->uid] = "the config reader's";
    return own;
}

std::optional<std::uint32_t> user_id(const std::string& name) {
    const auto user = sandbox::find_user(name);
    return user ? std::optional(user->uid) : std::nullopt;
}

void ask_for_readers(const policy::Host& host, Remarks& remarks) {
    if (host.readers.empty()) return;
    const auto group = sandbox::find_group(host.readers);
    if (group) return;
    remarks.push_back({false, "host.policy",
                       "readers " + host.readers + ": " + group.error().what +
                           "; only root can read the audit log here"});
}

}  // namespace

policy::HostFacts host_facts() {
    return {.missing = missing_features(),
            .capabilities = bounding_set(),
            .ours = own_accounts(),
            .user_id = &user_id};
}

Remarks ask_host(const PolicyCopy& copy, const policy::HostFacts& host) {
    Remarks remarks;
    const auto& policy = copy.policy;
    if (::geteuid() != 0) {
        remarks.push_back({false, copy.directory,
                           "asked as user " + std::to_string(::geteuid()) +
                               ": what only root may look at is not known; ask as root"});
    }
    ask_for_readers(policy.host, remarks);
    const auto facts = admission::look_at(policy, copy.directory);
    for (const auto& [path, source] : policy.interpreters) {
        const auto& at = facts.interpreters.at(path);
        if (at.trusted) continue;
        remarks.push_back({false, source.at(), "no job runs by " + path + " here: " + at.detail});
    }
    ask_for_worker(policy.part("worker"), remarks);
    for (const auto& [name, profile] : policy.profiles) {
        ask_for_profile(profile, host.missing, remarks);
    }
    return remarks;
}

}  // namespace bulkhead::cli
