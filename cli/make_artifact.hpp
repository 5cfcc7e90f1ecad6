// An artifact's manifest, made of an object file and of the options of `bulkhead new-artifact`.
#pragma once
#include <array>
#include <optional>
#include <string>

#include "cli/make_job.hpp"
#include "common/approval/artifact.hpp"

namespace bulkhead::cli {

inline constexpr std::array kArtifactOptions{
    Option{"--program", Option::Takes::often},
    Option{"--rodata", Option::Takes::often},
    Option{"--drops-map", Option::Takes::once},
    Option{"--target", Option::Takes::often},
    Option{"--author", Option::Takes::once},
    Option{"--realm", Option::Takes::once},
    Option{"--epoch", Option::Takes::once},
    Option{"--expires", Option::Takes::once},
    Option{"--not-before", Option::Takes::once},
    Option{"--ttl", Option::Takes::once},
    Option{"--max-cpu-percent", Option::Takes::once},
    Option{"--pin"},
    Option{"--artifact-id", Option::Takes::once},
    Option{"--reason", Option::Takes::once},
    Option{"--policy", Option::Takes::once},
    kQuiet,
    kVendorPolicy,
};

struct NewArtifact {
    std::string path;  // of the object
    std::string elf;   // its bytes
    std::string text;  // the manifest, which parses as `manifest`
    approval::ArtifactManifest manifest;
    std::string not_looked_at;  // why the object was not compared with it; "" if it was
};

// Whether the bytes are those of an object file for the eBPF machine (elf(5), EM_BPF).
bool is_object(std::string_view bytes);

// Reads the object that is the only operand, and makes its manifest. What a host would refuse by
// the options, and what `policy` does not allow, are errors that name the option; so is what the
// object does not have, where the loader is installed, which looks into it.
Result<NewArtifact> make_artifact(const Options& options, By by,
                                  const std::optional<PolicyCopy>& policy);

// Why nobody can approve an artifact by signatures under that policy; "" if somebody can.
std::string why_nobody_signs(const policy::Policy& policy);

// An error for each option by which every host with that policy would refuse the artifact.
Result<> require_allowed(const NewArtifact& artifact, By by, const PolicyCopy& policy);

}  // namespace bulkhead::cli
