// Egress: where the processes of a cgroup may connect and send to, by address. Programs that the
// kernel runs at connect(2), sendto(2) and bind(2) (BPF_PROG_TYPE_CGROUP_SOCK_ADDR, Linux 4.17).
#pragma once
#include <linux/bpf.h>

#include <span>
#include <vector>

#include "common/policy/connect.hpp"

namespace bulkhead::sandbox {

struct EgressRules {
    std::span<const policy::ConnectRow> rows;
    std::span<const policy::Address> name_servers;  // at port 53, wherever they are
};

// The program for one of BPF_CGROUP_INET4_CONNECT, INET6_CONNECT, UDP4_SENDMSG, UDP6_SENDMSG,
// INET4_BIND and INET6_BIND. It looks at its argument and at nothing else: no maps, no helpers.
std::vector<bpf_insn> compile_egress(const EgressRules& rules, bpf_attach_type call);

// Does this kernel take such a program from this process?
bool knows_egress();

// From here on for every process in the cgroup, in place of what held there before, until the
// cgroup is gone. Read back by a child in it, which is refused: an error of kind `differs` says
// that it was not, any other that this kernel cannot. Raises CAP_SYS_ADMIN.
Result<> raise_egress(int cgroup, const EgressRules& rules);

}  // namespace bulkhead::sandbox
