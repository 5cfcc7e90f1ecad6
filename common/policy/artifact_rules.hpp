// artifacts.policy: which eBPF programs may be loaded at all, and attached to what. Without the
// file none is, no loader starts, and root's ceiling does without bpf(2).
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/approval/artifact.hpp"

namespace bulkhead::policy {

//   allow TYPE PATTERN            TYPE as in the manifest. An interface is a pattern of sshd's kind
//                                 (* and ?), a function or hook a name, a cgroup an absolute path
//                                 below /sys/fs/cgroup, or PATH/* for every one beneath it
//   max-artifacts N               1 to 16; 4 without the line
//   max-cpu-percent N             1 to 100, for each artifact; 5 without the line
//   max-ttl DURATION              up to 365d; 30d without the line
//   max-memory SIZE               of the loader, with the maps that it makes; 64MiB without the
//   line pins allowed                  manifests may say `pin yes`
struct ArtifactAllowance {
    approval::ProgramType type = approval::ProgramType::none;
    std::string pattern;
};

struct ArtifactRules {
    std::vector<ArtifactAllowance> allowed;
    unsigned max_artifacts = 4;
    unsigned max_cpu_percent = 5;
    std::chrono::seconds max_ttl = std::chrono::days(30);
    std::uint64_t max_memory = 64 * 1024 * 1024;  // bytes
    bool pins_allowed = false;
};

bool allows(const ArtifactRules& rules, const approval::ArtifactProgram& program);

}  // namespace bulkhead::policy
