// What is the same for every policy is said here in prose and done in broker/ and
// worker/confine.cpp; all else is read from the policy.
#include "cli/confinement/words.hpp"

#include <algorithm>
#include <array>

#include "cli/dry_run/words.hpp"
#include "cli/layout.hpp"
#include "cli/vet/rules.hpp"
#include "common/base/parse.hpp"
#include "common/policy/connect.hpp"
#include "common/policy/hidden.hpp"
#include "common/policy/walls.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sandbox/seccomp.hpp"

namespace bulkhead::cli {

namespace {

using policy::Wall;

constexpr const char* kNoWayBack =
    "the bounding set holds no other; securebits are locked, no_new_privs is on, so no program "
    "gives more; read back from the kernel";

struct AccessWords {
    policy::Access access;
    const char* text;
};
constexpr std::array kAccess{
    AccessWords{policy::Access::read, "read: files and directories"},
    AccessWords{policy::Access::execute, "execute: read, and run"},
    AccessWords{policy::Access::remove, "remove: list, and delete what is beneath; nothing else"},
    AccessWords{policy::Access::write, "write: read, and create, change, rename, remove"},
    AccessWords{policy::Access::devices, "devices: write, and make and control device nodes"},
};

std::string heading(const std::string& text) { return "\n" + text + "\n"; }

std::string paths_of(const std::vector<policy::PathRule>& rules) {
    std::string text;
    for (const auto& [access, words_of] : kAccess) {
        std::string list;
        for (const auto& rule : rules) {
            if (rule.access != access) continue;
            list += reasoned("    " + rule.path + (rule.if_present ? " if present" : ""),
                             rule.source.reason);
        }
        if (!list.empty()) text += "  " + std::string(words_of) + "\n" + list;
    }
    return text;
}

// The list's lines that give this answer, each with its calls side by side.
std::string lines_of(const policy::SeccompList& list, const policy::Action& answer) {
    constexpr std::size_t kWidth = 100;
    std::string text;
    for (auto rule = list.rules.begin(); rule != list.rules.end();) {
        const auto first = rule;
        std::string line = "   ";
        for (; rule != list.rules.end() && rule->source.line == first->source.line; ++rule) {
            const auto last_feed = line.rfind('\n') + 1;
            if (line.size() - last_feed + rule->call.size() > kWidth) line += "\n   ";
            line += " " + rule->call;
        }
        if (first->action != answer) continue;
        const auto when = conditions_in_words(first->conditions);
        text += reasoned(line + (when.empty() ? "" : " if " + when), first->source.reason);
    }
    return text;
}

std::string calls_of(const policy::SeccompList& list) {
    auto text = heading("system calls: seccomp/" + list.name + ".seccomp");
    text += "  by 32-bit or x32 entry: ends the process\n";
    std::vector<policy::Action> answers;
    for (const auto& rule : list.rules) {
        if (std::ranges::count(answers, rule.action) == 0) answers.push_back(rule.action);
    }
    for (const auto& answer : answers) {
        text += "  " + action_in_words(answer) + "\n";
        text += lines_of(list, answer);
    }
    return text + "  " + action_in_words(list.fallback) + "\n" +
           reasoned("    any other call", list.source.reason);
}

// " (Linux 6.7)", of what a host may lack.
std::string since(Wall wall) { return " (Linux " + std::string(policy::row_of(wall).since) + ")"; }

std::string standing(policy::WallSet walls) {
    return walls.names() + ": raised where the host has them, and each read back";
}

std::string limits_of(const policy::Limits& limits) {
    return size_in_words(limits.memory) + " of memory, " + std::to_string(limits.pids) +
           " processes, " + std::to_string(limits.cpu_percent) + " % of a processor, files of " +
           size_in_words(limits.file_size) + ", " + std::to_string(limits.open_files) +
           " open files, no core dumps";
}

// What no controller and no quota of ours holds (quotactl(2) is denied by the ceiling itself).
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

std::string octal(unsigned mask) {
    std::string digits;
    for (int shift = 9; shift >= 0; shift -= 3)
        digits += static_cast<char>('0' + (mask >> shift & 7));
    return digits;
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

std::string broker_in_words(const policy::Policy& policy) {
    std::uint64_t granted = 0;
    for (const auto& [name, profile] : policy.profiles) granted |= profile.capabilities;
    auto text = std::string("confinement of the broker, and ceiling of all that it starts\n\n");
    text += row("user", "root");
    const auto& own = policy.part("broker");
    text += row("capabilities", policy::capability_names(own.in_force) +
                                    " in force at rest; raised for a step and lowered after it: " +
                                    policy::capability_names(own.capabilities & ~own.in_force) +
                                    ", and where this host gives it " +
                                    policy::capability_names(own.wished));
    text += row("grants", "to jobs, by the profiles: " + policy::capability_names(granted) +
                              "; the bounding set holds these and its own, and no other");
    text += row("process", "no_new_privs is on, not dumpable, no core dumps, no threads, " +
                               std::to_string(own.limits.open_files) + " open files, umask " +
                               octal(own.umask));
    text += row("walls", standing(policy::kBrokerWalls));
    text += heading("libraries it may map: broker.libs");
    for (const auto& [name, source] : policy.broker_libs)
        text += reasoned("    " + name, source.reason);
    return text + calls_of(policy.ceiling());
}

std::string worker_in_words(const policy::Policy& policy) {
    const auto& profile = policy.part("worker");
    auto text = std::string("confinement of the worker\n\n");
    text += row("user",
                "one of its own (bulkhead, unless --worker-user says another), its group, "
                "no supplementary groups");
    text += row("capabilities", std::string("none; ") + kNoWayBack);
    text += row("process", "not dumpable; no memory becomes executable" + since(Wall::mdwe) +
                               "; ends with the broker, and by it when it is not confined in " +
                               std::to_string(profile.greeting.count()) + " s");
    text += row("limits", limits_of(profile.limits) + ", umask " + octal(profile.umask));
    text +=
        row("view",
            "from its first request on" + since(Wall::worker_view) +
                " a root directory of its own with the files "
                "below and nothing else: read-only but where it may write, no programs, devices or "
                "set-user-id; /proc shows no other user's processes");
    text +=
        row("network",
            "it connects and sends to the addresses and ports below, and to the name servers of "
            "resolv.conf at port 53, and binds no socket of IPv4 or IPv6 (egress: BPF in "
            "cgroups" +
                since(Wall::egress) + "); TCP to these ports alone, and no listening (Landlock" +
                since(Wall::landlock_net) +
                "), and from Linux 7.2 on, untested, datagrams to these and 53 alone");
    text += row("others", "Landlock" + since(Wall::landlock_scope) +
                              ": no signals, no abstract sockets but its own");
    text += row("checked",
                "the worker tries one forbidden thing at each layer before it opens a "
                "connection; the broker reads /proc/PID/status and mountinfo before it serves it");
    text += row("walls", standing(policy::kRaisedBeforeExec | policy::kRaisedByWorker |
                                  policy::kRaisedFromOutside));
    text += heading("where it connects");
    const auto nets = policy::special_nets();
    for (const auto& connect : profile.connects) {
        const auto* net = policy::special_of(connect, nets);
        text += reasoned("    " + policy::in_words(connect), connect.source.reason);
        if (net != nullptr) text += "      within " + std::string(net->what) + "\n";
    }
    text +=
        "  \"any\" and wide networks do not reach loopback, link-local, multicast and the "
        "metadata\n"
        "  services of clouds; a row within those does\n";
    text += heading("files: these, and beside them the worker's own state directory to write in");
    text += paths_of(profile.paths);
    text += calls_of(policy.calls_of(profile));
    return text + "  beneath this list lies the ceiling: bulkhead show-confinement broker\n";
}

Result<std::string> vet_in_words() {
    const auto rules = TRY(vet_rules());
    const auto& limits = rules.profile.limits;
    auto text = std::string("confinement of the child that checks scripts, ") +
                "built into this program: no policy changes it\n\n";
    text += row("user", "the author's own; of root, nobody, without a capability");
    text += row("network",
                "none: sockets are refused, and where it can have one it is in an empty "
                "network namespace");
    text += row("limits", std::to_string(rules.profile.max_timeout.count()) + " s, no file, " +
                              std::to_string(limits.open_files) +
                              " open files, no locked memory, no core dumps, umask " +
                              octal(rules.profile.umask));
    text += row("walls", standing(policy::kVetWalls));
    text +=
        heading("files: Landlock lets these through and no others") + paths_of(rules.profile.paths);
    return text + calls_of(rules.calls);
}

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
