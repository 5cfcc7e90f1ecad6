// artifacts.policy: which eBPF programs may be loaded at all, and attached to what. Without the
// file none is, no loader starts, and root's ceiling does without bpf(2).
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/approval/artifact.hpp"
#include "common/policy/source.hpp"

namespace bulkhead::policy {

//   allow TYPE PATTERN      TYPE as in the manifest. An interface is a pattern with * and ? in it,
//   a
//                           function or hook a name, a cgroup an absolute path below
//                           /sys/fs/cgroup, or PATH/* for every one beneath it
//   max-artifacts N         1 to kMostArtifacts; 4 without the line
//   max-cpu-percent N       1 to 100, for each artifact; 5 without the line
//   max-ttl DURATION        up to 365d; 30d without the line
//   max-memory SIZE         of the loader, with the maps that it makes; 64MiB without the line
//   pins allowed            manifests may say `pin yes`
inline constexpr unsigned kMostArtifacts = 16;

struct ArtifactAllowance {
    approval::ProgramType type = approval::ProgramType::none;
    std::string pattern;
    Source source{};

    friend bool operator==(const ArtifactAllowance& one, const ArtifactAllowance& other) {
        return one.type == other.type && one.pattern == other.pattern;
    }
};

struct ArtifactRules {
    std::vector<ArtifactAllowance> allowed;
    unsigned max_artifacts = 4;
    unsigned max_cpu_percent = 5;
    std::chrono::seconds max_ttl = std::chrono::days(30);
    std::uint64_t max_memory = 64 * 1024 * 1024;  // bytes
    bool pins_allowed = false;
    Source pins_source{};  // of the line that allows them
};

// Whether the type is allowed, wherever it is attached.
bool allows(const ArtifactRules& rules, approval::ProgramType type);
// Whether the program is allowed where the manifest attaches it.
bool allows(const ArtifactRules& rules, const approval::ArtifactProgram& program);

// The text of artifacts.policy, or of what adds to it.
struct Text;
Result<> parse_artifact_rules(ArtifactRules& rules, const std::string& file, const Text& text);

// What both allow.
ArtifactRules narrowed(const ArtifactRules& one, const ArtifactRules& other);

}  // namespace bulkhead::policy
