// What each approval::ProgramType is for the kernel, and which sections of an object hold it.
#pragma once
#include <bpf/libbpf.h>

#include <string_view>

#include "common/approval/artifact.hpp"

namespace bulkhead::loader {

// enum bpf_attach_type, Linux 6.6. The headers of Debian 12 lack them.
inline constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
inline constexpr auto kTcxEgress = static_cast<bpf_attach_type>(47);

struct KernelType {
    bpf_prog_type type = BPF_PROG_TYPE_UNSPEC;
    bpf_attach_type expected = BPF_CGROUP_INET_INGRESS;  // 0; of BPF_PROG_LOAD
    bpf_attach_type attach = BPF_CGROUP_INET_INGRESS;    // of BPF_LINK_CREATE
};
KernelType kernel_type(approval::ProgramType type);

// The spelling of the manifest: "cgroup-connect4".
std::string_view word_of(approval::ProgramType type);

// True if programs of the type may stand in a section of this name: "xdp", "tc", "lsm/file_open"
// (libbpf's program types, kernel.org/doc/html/latest/bpf/libbpf/program_types.html). A function in
// the name of the section must be `attach`.
bool may_stand_in(approval::ProgramType type, std::string_view section, std::string_view attach);

// The type that a section's name stands for; none if there is none that a manifest may have.
// For a section that stands for both directions of TC it is tc_ingress.
approval::ProgramType type_of_section(std::string_view section);

}  // namespace bulkhead::loader
