// What duties say of this host: known when the worker has introduced itself to the broker.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "worker/backend/dialect/messages.hpp"

namespace bulkhead::worker {

struct HostFacts {
    std::string host_id;
    // SHA-256, 64 hex digits each.
    std::string policy_digest;    // of the policy that decides; changes by reload
    std::string walls_digest;     // of the one that this worker is confined by
    std::string ceiling_digest;   // of the one that the broker's own seccomp filter is made of
    bool restart_needed = false;  // for that filter, which can only become stricter
    Confinement confinement;
    SystemInfo system;
    BpfSupport bpf_support;
    std::vector<std::uint32_t> worker_uids;  // of all workers of this agent
};

}  // namespace bulkhead::worker
