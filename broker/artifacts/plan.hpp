// What a loader is told to do for an artifact, and whether what it answers is that.
#pragma once
#include "broker/artifacts/approved.hpp"
#include "broker/artifacts/drift.hpp"

namespace bulkhead::broker {

// Where a program is to be attached on this host.
struct Place {
    std::uint32_t interface = 0;  // index
    std::uint64_t cgroup = 0;     // inode number of its directory
};

struct LoadPlan {
    protocol::LoadArtifact frame;
    std::vector<Place> places;  // in the order of the programs
};

// Looks up interfaces and cgroups; an error names the one that is absent. `filter_handle` is the
// first of kMaxPrograms handles for filters that this kernel may need.
Result<LoadPlan> plan_load(const ApprovedArtifact& artifact, std::uint32_t filter_handle,
                           const std::string& cgroups = "/sys/fs/cgroup");

// The filters that a loader may leave for it, on a kernel without tcx.
std::vector<protocol::NamedFilter> filters_of(const approval::ArtifactManifest& manifest,
                                              const std::vector<Place>& places,
                                              std::uint32_t filter_handle);

struct Taken {
    Held held;
    Facts facts;
};
// Takes the descriptors of a loader. Asked of the kernel, each program has to be of the type and
// the name that the manifest says, and its link of the kind for that type, to the place that was
// planned and to that very program; only for TC a filter may stand for a link. The function of LSM,
// fentry and fexit is a number in the kernel's BTF, which root does not read: it is noted, not
// compared. That of a kprobe is not told. An error says the first difference.
Result<Taken> take_as_approved(protocol::ArtifactLoaded answer,
                               const approval::ArtifactManifest& manifest,
                               const std::vector<Place>& places, std::uint32_t filter_handle);

}  // namespace bulkhead::broker
