#include "loader/confine.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>

#include <algorithm>

#include "common/sandbox/confine.hpp"
#include "common/sandbox/privileges.hpp"
#include "loader/bpf/attach.hpp"
#include "loader/own_filter.hpp"

namespace bulkhead::loader {

namespace {

using approval::ProgramType;

constexpr std::uint32_t kLoopback = 1;  // in every network namespace

// CAP_BPF to load, CAP_PERFMON for LSM, fentry, fexit and kprobe and for what the verifier allows,
// CAP_NET_ADMIN for XDP, TC and cgroups.
constexpr std::uint64_t kCapabilities = sandbox::capability(CAP_BPF) |
                                        sandbox::capability(CAP_PERFMON) |
                                        sandbox::capability(CAP_NET_ADMIN);

template <class Order>
Result<> raise_walls(const Order& order) {
    return sandbox::confine(order.seccomp.fd, order.landlock ? &order.landlock->fd : nullptr,
                            kCapabilities);
}

Result<> forbid_sockets() { return sandbox::install(allow_all_but(SYS_socket)); }

bool is_for_tc(const protocol::ProgramPlan& plan) {
    return plan.type == ProgramType::tc_ingress || plan.type == ProgramType::tc_egress;
}

}  // namespace

Result<> confine(const protocol::LoadArtifact& order) {
    TRY(raise_walls(order));
    const bool any = std::ranges::any_of(order.programs.items, is_for_tc);
    return any && !has_tcx(kLoopback) ? Result<>() : forbid_sockets();
}

Result<> confine(const protocol::ProbeKernel& order) {
    TRY(raise_walls(order));
    const bool any = !order.remove.items.empty() || !has_tcx(kLoopback);
    return any ? Result<>() : forbid_sockets();
}

}  // namespace bulkhead::loader
