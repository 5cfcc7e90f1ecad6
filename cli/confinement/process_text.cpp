// The texts about the agent's processes. Sentences in this file are about what broker/ and
// common/sandbox/confine.cpp do under every policy; everything else is read from the policy.
#include <algorithm>

#include "cli/base/layout.hpp"
#include "cli/confinement/confinement_text.hpp"
#include "cli/confinement/pieces.hpp"
#include "cli/dry_run/policy_text.hpp"
#include "cli/vet/rules.hpp"
#include "common/base/parse.hpp"
#include "common/policy/connect.hpp"

namespace bulkhead::cli {

using policy::Wall;

namespace {

// Of the lines "KEY SONAME  # why" of worker.libs, which decide nothing: so the policy has no more
// of them than their text.
std::string libraries(const policy::Policy& policy, std::string_view key) {
    std::string text;
    const auto file = policy.texts.find("worker.libs");
    if (file == policy.texts.end()) return text;
    for (const auto line : split(file->second, '\n')) {
        const auto hash = line.find('#');
        const auto parts = words(line.substr(0, hash));
        if (hash == line.npos || parts.size() != 2 || parts[0] != key) continue;
        text += reasoned("    " + std::string(parts[1]), trimmed(line.substr(hash + 1)));
    }
    return text;
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
    text += row(
        "user",
        "one of its own for each backend (bulkhead-w0 to bulkhead-w15, unless --worker-user says "
        "others), its group, "
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
    text += heading("libraries it may map: worker.libs");
    text += libraries(policy, "library");
    text += heading("and where libcurl is the distribution's (worker --version)");
    text += libraries(policy, "with-system-curl");
    text += heading("files: these, and beside them the worker's own state directory to write in");
    text += paths_of(profile.paths);
    text += calls_of(policy.calls_of(profile));
    return text + "  beneath this list lies the ceiling: bulkhead show-confinement broker\n";
}

std::string reader_in_words(const policy::Policy& policy) {
    const auto& profile = policy.part("config-reader");
    const auto& limits = profile.limits;
    auto text = std::string("confinement of the reader of agent.yaml\n\n");
    text += row("user",
                "one of its own (bulkhead-config, unless --config-user says another), its group, "
                "no supplementary groups");
    text += row("capabilities", std::string("none; ") + kNoWayBack);
    text += row("process", "gone when it has answered, and ended when it has not in " +
                               std::to_string(profile.greeting.count()) + " s");
    text += row("network", "none: an empty network namespace, and no call that makes a socket");
    text +=
        row("limits", size_in_words(limits.memory) + " of memory, " + std::to_string(limits.pids) +
                          " processes, " + std::to_string(limits.cpu_percent) +
                          " % of a processor, " + std::to_string(limits.open_files) +
                          " open files, no core dumps, umask " + octal(profile.umask));
    text += row("walls", standing(policy::kRaisedBeforeExec | policy::kRaisedByWorker |
                                  policy::kRaisedFromOutside));
    text += heading("files: these; agent.yaml and what it answers are descriptors");
    text += profile.paths.empty() ? "  none\n" : paths_of(profile.paths);
    text += calls_of(policy.calls_of(profile));
    return text + "  beneath this list lies the ceiling: bulkhead show-confinement broker\n";
}

std::string loader_in_words(const policy::Policy& policy) {
    const auto& profile = policy.part("loader");
    const auto& limits = profile.limits;
    auto text = std::string("confinement of the loader of eBPF artifacts\n\n");
    text += row("user", "one of its own (bulkhead-loader), its group, no supplementary groups");
    text += row("capabilities", policy::capability_names(profile.capabilities) +
                                    ": with these it can read the kernel's memory and change any "
                                    "interface, so nobody but the broker is heard by it");
    text += row("process",
                "one for each artifact that is approved, and one at the start, which tries what "
                "this kernel can; gone when it has answered, and ended when it has not in " +
                    std::to_string(profile.greeting.count()) + " s");
    text += row("network",
                "the host's, of which it has the interfaces; no socket, but netlink where TC "
                "programs need clsact (before Linux 6.6)");
    text +=
        row("limits", size_in_words(limits.memory) + " of memory, " + std::to_string(limits.pids) +
                          " processes, " + std::to_string(limits.cpu_percent) +
                          " % of a processor, " + std::to_string(limits.open_files) +
                          " open files, no core dumps, umask " + octal(profile.umask));
    text += row("walls", standing(policy::kRaisedBeforeExec | policy::kRaisedByWorker));
    text += heading("files: these, by Landlock; the object and what it answers are descriptors");
    text += profile.paths.empty() ? "  none\n" : paths_of(profile.paths);
    text += calls_of(policy.calls_of(profile));
    return text + "  beneath this list lies the ceiling: bulkhead show-confinement broker\n";
}

std::string upgrade_check_in_words(const policy::Policy& policy) {
    const auto& profile = policy.part("upgrade-check");
    const auto& limits = profile.limits;
    auto text = std::string(
        "confinement of a program that took the broker's place, while it is "
        "asked whether it could start\n\n");
    text += row("user", "the config reader's (bulkhead-config, unless --config-user says another)");
    text += row("capabilities", policy::capability_names(profile.capabilities) + "; " + kNoWayBack);
    text += row("process", "gone when it has answered, and ended when it has not in " +
                               std::to_string(profile.greeting.count()) + " s");
    text += row("network", "none: an empty network namespace");
    text +=
        row("limits", size_in_words(limits.memory) + " of memory, " + std::to_string(limits.pids) +
                          " processes, " + std::to_string(limits.cpu_percent) +
                          " % of a processor, files of " + size_in_words(limits.file_size) +
                          " in memory, " + std::to_string(limits.open_files) +
                          " open files, no core dumps, umask " + octal(profile.umask));
    text += row("walls", standing(policy::kVetWalls));
    text += heading("files: these, by Landlock") + paths_of(profile.paths);
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

}  // namespace bulkhead::cli
