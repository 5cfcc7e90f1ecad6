// What of artifacts this kernel can do, by doing it.
#pragma once
#include <vector>

#include "common/protocol/artifacts.hpp"

namespace bulkhead::loader {

// For each approval::ProgramType, and for "btf" and "tcx": loads a program that changes nothing and
// attaches it, and detaches it at once. XDP and TC are tried on the loopback interface of this
// network namespace, where the program lets every packet pass; a cgroup is none of ours, so that
// attaching to something that is no cgroup must fail with EBADF; LSM is tried on the hook of bpf(2)
// and must have been called by a call of ours; fentry, fexit and kprobe on a function that the
// kernel calls in tests of its own only (bpf_fentry_test1, net/bpf/test_run.c).
std::vector<protocol::KernelFeature> probe();

}  // namespace bulkhead::loader
