// What root itself needs once it serves; every other capability in its ceiling is for jobs.
#pragma once
#include <linux/capability.h>

#include "common/sandbox/privileges.hpp"

namespace bulkhead::broker {

constexpr std::uint64_t kOwnCapabilities =
    sandbox::capability(CAP_SYS_ADMIN)       // makes namespaces and mounts
    | sandbox::capability(CAP_SYS_CHROOT)    // joins the worker's, setns(2), and fills its view
    | sandbox::capability(CAP_SETPCAP)       // narrows children
    | sandbox::capability(CAP_SETUID)        // makes them other users
    | sandbox::capability(CAP_SETGID)        // the same
    | sandbox::capability(CAP_DAC_OVERRIDE)  // finds what other users' jobs use
    | sandbox::capability(CAP_KILL);         // ends them
constexpr std::uint64_t kWishedCapabilities =
    sandbox::capability(CAP_SYS_PTRACE)  // without it it is not told of every socket who owns it
    | sandbox::capability(CAP_SETFCAP);  // without it jobs are counted by user (user_namespaces(7))

// In force all the time. A parent's death is told to its children with the parent's own rights
// (PR_SET_PDEATHSIG; kill(2)): without it worker and jobs, who are other users, would live on.
constexpr std::uint64_t kInForce = sandbox::capability(CAP_KILL);

}  // namespace bulkhead::broker
