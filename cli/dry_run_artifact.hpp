// The dry run of an eBPF artifact: the decision that a host would make about an object file.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/base/policy_copy.hpp"
#include "cli/dry_run/host_memory.hpp"
#include "cli/inspect_artifact.hpp"
#include "common/admission/admit_artifact.hpp"

namespace bulkhead::cli {

struct ArtifactQuestion {
    std::string file;                     // the object's name, for messages
    std::string elf;                      // its bytes
    std::optional<std::string> approval;  // manifest and signatures; absent: one of policy
    UnixTime now;
    HostMemory memory;
};

struct ArtifactReport {
    admission::ArtifactVerdict verdict;
    std::vector<std::string_view> unchecked;  // names of checks that the host alone can make
    std::optional<Inspection> object;         // absent: not looked at
    std::string not_looked_at;                // why
    std::vector<std::string> problems;        // for which no loader would load it
};

// The question must outlive the report. An error if the approval is none, a wrong().
Result<ArtifactReport> examine(const ArtifactQuestion& question, const PolicyCopy& copy);

// What the manifest names and the object lacks, and what the loader refuses in it.
std::vector<std::string> problems_of(const approval::ArtifactManifest* manifest,
                                     const Inspection& object);

std::string text_of(const ArtifactQuestion& question, const ArtifactReport& report,
                    const PolicyCopy& copy);
// Of schema "bulkhead.dry-run-artifact/1".
std::string json_of(const ArtifactQuestion& question, const ArtifactReport& report,
                    const PolicyCopy& copy, int exit);

inline bool would_load(const ArtifactReport& report) {
    return report.verdict.admitted && report.problems.empty();
}

}  // namespace bulkhead::cli
