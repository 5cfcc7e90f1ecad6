// How a loader confines itself, before it looks at the artifact.
#pragma once
#include "common/base/result.hpp"
#include "common/protocol/artifacts.hpp"

namespace bulkhead::loader {

// sandbox::confine() with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, as the order's filter and ruleset
// say. Netlink(7), with which CAP_NET_ADMIN could change addresses, routes and filters, is then
// forbidden unless the order needs a filter of clsact: where it has programs for TC and the kernel
// has no tcx (before Linux 6.6).
Result<> confine(const protocol::LoadArtifact& order);
// The same; needs netlink to remove filters, and to try clsact where there is no tcx.
Result<> confine(const protocol::ProbeKernel& order);

}  // namespace bulkhead::loader
