// Landlock: a ruleset made from policy by root, entered by the process it is for (landlock(7)).
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "common/policy/policy.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::sandbox {

// What the running kernel speaks, 0 without Landlock. Known to us: 1 (Linux 5.13) .. 10 (7.2). What
// came after 7 (6.15) is asked for where it is there, and was never seen to hold.
int landlock_abi();

struct LandlockRules {
    std::span<const policy::PathRule> paths;
    // Directories to write in besides, held open by the caller: the worker's own state.
    std::span<const int> writable;
    int proc = -1;  // the directory that a rule for /proc means, if not what stands there now
    // Ports to connect to; absent: TCP is not restricted by Landlock. Needs ABI 4. From ABI 10 on
    // datagrams go to these and 53, and none is received at a port of the sender's choice.
    std::optional<std::span<const std::uint16_t>> tcp_connect;
    bool list_all = false;  // every directory may be listed: all that is in sight is rows
    // Sockets by path, of processes outside of the domain, may be connected to beneath every row,
    // not only those that may be written. From ABI 9 on; before that always, as permissions let it.
    bool ask_daemons = false;
    bool signal_others = false;  // processes outside of the domain, as permissions let it
};

// Nothing when the kernel has no Landlock (`abi` 0). `abi` above what we know is capped.
Result<std::optional<sys::Fd>> make_ruleset(const LandlockRules& rules, int abi);

// For the calling thread and all its children, for ever; needs no_new_privs.
Result<> restrict_self(int ruleset);

}  // namespace bulkhead::sandbox
