// How the worker and the config reader confine themselves.
#pragma once
#include <span>

#include "common/base/result.hpp"
#include "common/protocol/events.hpp"
#include "common/sandbox/confine.hpp"

namespace bulkhead::worker {

// sandbox::confine(), with what came in Setup or ReadConfig, and without capabilities.
Result<> confine(const protocol::Handle& seccomp, const std::optional<protocol::Handle>& landlock);

// Verifies that the BPF program of this process's cgroup is in force: connect(2) of a UDP socket to
// a loopback port that is neither 53 nor one of `ports` must fail with EPERM. Call it before
// confine(), so that nothing else can refuse it.
Result<> verify_egress(std::span<const std::uint16_t> ports);

}  // namespace bulkhead::worker
