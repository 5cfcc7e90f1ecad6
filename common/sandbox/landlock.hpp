// Landlock (landlock(7)): the broker makes a ruleset from policy, and the process that it is for
// restricts itself with it.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "common/policy/policy.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::sandbox {

// The ABI version of the running kernel; 0 without Landlock. This code uses 1 (Linux 5.13) to 10
// (7.2). Rights newer than ABI 7 (6.15) are requested where the kernel has them, but no test of
// ours has run on such a kernel.
int landlock_abi();

struct LandlockRules {
    std::span<const policy::PathRule> paths;
    // More directories to write in, which the caller holds open: the worker's state.
    std::span<const int> writable;
    int proc = -1;  // directory that a rule for /proc means; -1: the /proc that is mounted now
    // TCP ports to connect to, from ABI 4 on; absent: the network is not restricted. From ABI 10 on
    // datagrams may be sent to these ports and 53, and a datagram socket may bind to port 0 only.
    std::optional<std::span<const std::uint16_t>> tcp_connect;
    bool list_all = false;  // every directory may be listed: for a view that holds only the paths
    // Allows connect(2) to Unix sockets of processes outside the domain beneath every path, not
    // only beneath writable ones. Landlock restricts that from ABI 9 on; before, file modes alone
    // do.
    bool ask_daemons = false;
    bool signal_others = false;  // kill(2) may reach outside the domain (restricted from ABI 6 on)
};

// A ruleset for landlock_abi() == `abi`; nothing if `abi` is 0. A newer `abi` than 10 counts as 10.
// Errors carry errno in `code`; a path that is missing is one unless its rule is if_present.
Result<std::optional<sys::Fd>> make_ruleset(const LandlockRules& rules, int abi);

// Restricts the calling thread and its future children for good. Needs no_new_privs or
// CAP_SYS_ADMIN (landlock_restrict_self(2)).
Result<> restrict_self(int ruleset);

}  // namespace bulkhead::sandbox
