// The text about the confinement of jobs, and about compiled filters.
#include <algorithm>

#include "cli/base/layout.hpp"
#include "cli/confinement/confinement_text.hpp"
#include "cli/confinement/pieces.hpp"
#include "cli/dry_run/policy_text.hpp"
#include "common/policy/hidden.hpp"
#include "common/policy/walls.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sandbox/seccomp.hpp"

namespace bulkhead::cli {

namespace {

using policy::Wall;

// The resources of jobs that no limit of the profile covers. Quotas of file systems do not help:
// the broker's seccomp list denies quotactl(2).
std::string unlimited_of(const policy::Profile& profile) {
    const bool on_disk =
        profile.host_files || std::ranges::any_of(profile.paths, [&](const auto& rule) {
            const bool scratch =
                profile.private_tmp && (policy::lies_within(rule.path, "/tmp") ||
                                        policy::lies_within(rule.path, "/var/tmp"));
            return rule.access == policy::Access::write && !scratch;
        });
    return std::string(on_disk ? "the sum of what it writes to disks, and " : "") +
           "how busy it keeps them";
}

std::string view_of(const policy::Profile& profile) {
    if (profile.host_files) return "the host's: files and mounts as its user has them";
    if (!profile.namespaces.mount) return "the host's, as far as the rows below reach";
    const auto size = profile.private_tmp_size == 0
                          ? std::string("at most half of its memory")
                          : size_in_words(profile.private_tmp_size) + " together";
    return std::string(
               "a root directory of its own, made of the rows below and nothing else, as they are "
               "when it starts: no set-user-id, no devices, read-only but for what it may write or "
               "remove, and no programs where it writes unless it may execute there; of /dev the "
               "harmless nodes and a private shm, a private /run/lock") +
           (profile.private_tmp
                ? "; /tmp and /var/tmp are its own, empty, " + size + ", and vanish with it"
                : "") +
           (profile.namespaces.pid ? "; /proc shows its own processes only" : "");
}

std::string signals_of(const policy::Profile& profile) {
    if (profile.namespaces.pid) return "its own processes alone: it sees no other";
    if ((profile.capabilities & sandbox::capability(CAP_KILL)) != 0) return "any process";
    return std::string("those of its user; its own alone where Landlock has a scope for that") +
           since(Wall::landlock_scope);
}

std::string obligatory_of(const policy::Profile& profile) {
    const auto walls = policy::obligatory_walls(profile);
    if (walls.empty()) return "none that it cannot do without";
    return joined({walls.begin(), walls.end()}, "") + ": a host that lacks one runs no such job";
}

std::string wall_lines(const std::string& title, const std::vector<policy::WallLine>& lines) {
    if (lines.empty()) return "";
    auto text = "  " + title + "\n";
    for (const auto& [wall, source] : lines) text += reasoned("    " + wall, source.reason);
    return text;
}

std::string promises_of(const policy::Profile& profile) {
    const auto lines =
        wall_lines("it requires", profile.require) + wall_lines("it runs without", profile.without);
    return lines.empty() ? "" : heading("walls that it names") + lines;
}

std::string hidden_by(const policy::Profile& profile, const policy::SeccompList& calls) {
    std::string text;
    for (const auto& line : policy::hidden_from(profile, calls)) text += "  it " + line + "\n";
    return text.empty() ? "" : heading("hidden from common tools") + text;
}

std::string files_of(const policy::Profile& profile) {
    if (profile.host_files) return heading("files: all that its user may; no Landlock");
    return heading(profile.namespaces.mount
                       ? "files: the view holds these, and Landlock lets through no others"
                       : "files: Landlock lets these through and no others, but holds no modes, "
                         "owners or times") +
           paths_of(profile.paths);
}

}  // namespace

std::string job_in_words(const policy::Profile& profile, const policy::Policy& policy) {
    const auto& calls = *policy::find(policy.seccomp, profile.seccomp);
    const auto& limits = profile.limits;
    auto text = "confinement of jobs of profile " + profile.name + "\n\n";
    text += row("user", profile.user + ", group " + profile.group +
                            ", supplementary groups: " + joined(profile.groups, "none"));
    text += row("capabilities", policy::capability_names(profile.capabilities) + "; " + kNoWayBack);
    if (policy::maps_ids(profile)) {
        text += row("",
                    "in a user namespace: they reach what its rows write and remove, whose "
                    "mounts have mapped ids, and nothing else");
    }
    text +=
        row("network", profile.network == policy::Network::none
                           ? "none: an empty network namespace; from Linux 7.1 on, untested, no "
                             "socket by path that it did not make, but beneath what it may write"
                           : "the host's");
    text += row("namespaces", "its own: " + joined(namespace_names(profile.namespaces), "none"));
    text += row("view", view_of(profile));
    text += row("signals", signals_of(profile));
    text += row("walls", standing(policy::walls_of_job(profile)));
    text += row("obligatory", obligatory_of(profile));
    text += row("limits", limits_of(limits) + ", umask " + octal(profile.umask) + ", nice " +
                              std::to_string(profile.nice));
    text += row("not limited", unlimited_of(profile));
    text += row("at once", limits.at_once == 0
                               ? "as many jobs as the host takes"
                               : std::to_string(limits.at_once) +
                                     (limits.at_once == 1 ? " job" : " jobs") + " of the profile");
    text += row("at most", std::to_string(profile.max_timeout.count()) +
                               " s, then SIGTERM and 10 s later the end of all its processes; " +
                               size_in_words(profile.max_output) + " of output kept");
    text += row("input",
                "standard input is /dev/null, the script cannot be changed, the environment is "
                "fixed but for its parameters; docs/jobs.md has all that a job finds");
    text += promises_of(profile) + hidden_by(profile, calls) + files_of(profile) + calls_of(calls);
    return text + "  beneath this list lies the ceiling: bulkhead show-confinement broker\n";
}

Result<std::string> program_in_words(const policy::SeccompList& list) {
    const auto program = TRY(sandbox::compile(list));
    return heading("seccomp program of " + std::to_string(program.size()) +
                   " instructions, in libseccomp's pseudo code") +
           TRY(sandbox::pseudo_code(list));
}

}  // namespace bulkhead::cli
