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
    return action.verdict == Verdict::allow || action.verdict == Verdict::log;
}

// Of any type and protocol.
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

// Landlock, too, keeps a process from looking into others, whatever its capabilities.
bool looks_into_others(const Profile& profile) {
    const auto traces = parse_capability("CAP_SYS_PTRACE").value_or(0);
    return (profile.capabilities & traces) != 0 && profile.host_files;
}

}  // namespace

std::vector<std::string> hidden_from(const Profile& profile, const SeccompList& calls) {
    std::vector<std::string> lines;
    if (profile.namespaces.pid) {
        lines.emplace_back(
            "sees no other process: ps, top, pgrep, lsof and ss -p show only the job");
    } else if (!looks_into_others(profile)) {
        lines.emplace_back(
            "sees others' processes, not their files: ss -p, lsof and fuser name only its own");
    }
    if (profile.network == Network::none) {
        lines.emplace_back(
            "has no network: ss lists no socket, ip only lo, which is down; curl fails");
    }
    if (profile.namespaces.mount) {
        lines.emplace_back(
            "sees only the trees of its rows: df, findmnt and find / tell of nothing else");
    }
    if (profile.namespaces.ipc) {
        lines.emplace_back("sees no shared memory or queue of others: ipcs lists only its own");
    }
    if (profile.private_tmp) {
        lines.emplace_back("has a /tmp and a /var/tmp of its own, empty at first");
    }
    if (!opens_local_sockets(calls)) {
        lines.emplace_back("opens no local socket: systemctl, hostnamectl, logger and docker fail");
    }
    if (maps_ids(profile)) {
        lines.emplace_back(
            "sees other owners as nobody or as numbers from 2147483648: find -user finds none");
    }
    return lines;
}

}  // namespace bulkhead::policy
