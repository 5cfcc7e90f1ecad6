#include "common/policy/hidden.hpp"

#include <sys/socket.h>

#include <algorithm>

#include "common/policy/constants.hpp"
#include "common/policy/walls.hpp"

namespace bulkhead::policy {

namespace {

bool holds_for(const SyscallRule& rule, std::uint32_t family) {
    return std::ranges::all_of(rule.conditions, [&](const Condition& condition) {
        const auto agrees = [&](const Bits& bits) { return (family & bits.mask) == bits.value; };
        return condition.argument != 0 || std::ranges::any_of(condition.any_of, agrees);
    });
}

bool passes(const Action& action) {
    return action.kind == SyscallAction::allow || action.kind == SyscallAction::log;
}

// True if the list allows socket(2) with AF_UNIX for at least some type and protocol.
bool opens_local_sockets(const SeccompList& calls) {
    bool refused = false;
    for (const auto& rule : calls.rules) {
        if (rule.call != "socket" || !holds_for(rule, AF_UNIX)) continue;
        if (passes(rule.action)) return true;
        const auto is_family = [](const auto& condition) { return condition.argument == 0; };
        refused = refused || std::ranges::all_of(rule.conditions, is_family);
    }
    return passes(calls.fallback) && !refused;
}

// True if jobs can read other users' entries of /proc/PID/fd. That takes CAP_SYS_PTRACE, and no
// Landlock ruleset, which denies it to every process it holds (landlock(7)).
bool looks_into_others(const Profile& profile) {
    const auto traces = parse_capability("CAP_SYS_PTRACE").value_or(0);
    return (profile.capabilities & traces) != 0 && profile.host_files;
}

}  // namespace

std::vector<std::string> hidden_from(const Profile& profile, const SeccompList& calls) {
    std::vector<std::string> lines;
    if (profile.namespaces.pid) {
        lines.emplace_back("sees no other process: ps, ss -p and lsof show only the job");
    } else if (!looks_into_others(profile)) {
        lines.emplace_back("sees others' processes, not their files: ss -p, lsof, fuser");
    }
    if (profile.network == Network::none) {
        lines.emplace_back("has no network: ss and ip show none, curl fails");
    }
    if (profile.namespaces.mount) {
        lines.emplace_back("sees its rows alone: df, findmnt and find / show no more");
    }
    if (profile.namespaces.ipc) {
        lines.emplace_back("sees no IPC of others: ipcs");
    }
    if (profile.private_tmp) {
        lines.emplace_back("has an empty /tmp and /var/tmp of its own");
    }
    if (!opens_local_sockets(calls)) {
        lines.emplace_back("opens no local socket: systemctl, logger, docker fail");
    }
    if (maps_ids(profile)) {
        lines.emplace_back("sees owners as nobody but beneath its rows to write and remove");
    }
    return lines;
}

}  // namespace bulkhead::policy
