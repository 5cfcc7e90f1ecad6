// Egress: the addresses and ports to which the processes of a cgroup may connect or send. BPF
// programs of BPF_PROG_TYPE_CGROUP_SOCK_ADDR, which the kernel runs in connect(2), bind(2) (Linux
// 4.17) and sendto(2) of datagrams (Linux 4.18), decide.
#pragma once
#include <linux/bpf.h>

#include <span>
#include <vector>

#include "common/policy/connect.hpp"

namespace bulkhead::sandbox {

struct EgressRules {
    std::span<const policy::ConnectRow> rows;
    std::span<const policy::Address> name_servers;  // allowed at port 53, in every network
};

// The program for one of BPF_CGROUP_INET4_CONNECT, INET6_CONNECT, UDP4_SENDMSG, UDP6_SENDMSG,
// INET4_BIND and INET6_BIND. It reads only its struct bpf_sock_addr: no maps, no helpers. For bind
// it refuses everything.
std::vector<bpf_insn> compile_egress(const EgressRules& rules, bpf_attach_type call);

// True if the kernel loads such a program for this process. Raises CAP_SYS_ADMIN meanwhile.
bool knows_egress();

// Attaches the six programs to `cgroup`, an open directory, in place of earlier ones. They hold for
// every process in it until the cgroup is removed. A child in the cgroup then tries what they must
// refuse: Kind::differs if it succeeds; another error means that the kernel cannot load or attach
// them. Raises CAP_SYS_ADMIN meanwhile.
Result<> raise_egress(int cgroup, const EgressRules& rules);

}  // namespace bulkhead::sandbox
