// eBPF artifacts: what a worker offers and asks, and what the broker and a loader tell each other.
#pragma once
#include "common/approval/artifact.hpp"
#include "common/protocol/types.hpp"

namespace bulkhead::protocol {

inline constexpr std::size_t kMaxArtifacts = 16;
inline constexpr std::size_t kMaxMaps = 16;  // of one artifact

// Zero claims the least.
enum class ArtifactState : std::uint8_t {
    failed = 0,  // the kernel or the loader refused it, or it is not what its manifest says
    loading,
    loaded,
    expired,      // its ttl or not-after has come
    removed,      // by an operator, or by a policy that approves it no longer
    replaced,     // by another manifest of the same id
    rolled_back,  // by the guard: its programs took too much processor time
    drifted,      // it was not what was loaded any more
    kLast = drifted,
};

struct ArtifactStatus {
    JobId artifact_id;
    DeliveryId delivery_id;  // the last one that brought it; empty: none did, as after an adoption
    Digest manifest{};
    ArtifactState state{};
    Code reason;  // "ok", or why it is not loaded
    Detail detail;
    std::uint64_t since = 0;    // seconds since 1970, of the state
    std::uint64_t expires = 0;  // the same; 0 if it is not loaded
    std::uint16_t programs = 0;
    std::uint64_t run_count = 0;
    std::uint64_t run_time_ns = 0;
    std::uint32_t cpu_millipercent = 0;  // of one processor, over the last interval of the guard
    std::uint64_t drops = 0;             // sum of the map that the manifest names
    bool pinned = false;
    static constexpr auto fields = std::tuple{
        field("artifact_id", &ArtifactStatus::artifact_id),
        field("delivery_id", &ArtifactStatus::delivery_id,
              "that brought it; empty after a restart"),
        field("manifest", &ArtifactStatus::manifest, "digest of what was approved"),
        field("state", &ArtifactStatus::state),
        field("reason", &ArtifactStatus::reason, "stable code"),
        field("detail", &ArtifactStatus::detail, "for people"),
        field("since", &ArtifactStatus::since, "seconds since 1970"),
        field("expires", &ArtifactStatus::expires, "seconds since 1970; 0: not loaded"),
        field("programs", &ArtifactStatus::programs),
        field("run_count", &ArtifactStatus::run_count),
        field("run_time_ns", &ArtifactStatus::run_time_ns, "nanoseconds, all its programs"),
        field("cpu_millipercent", &ArtifactStatus::cpu_millipercent, "of one processor"),
        field("drops", &ArtifactStatus::drops, "counted by the map that the manifest names"),
        field("pinned", &ArtifactStatus::pinned, "outlives the broker")};
};

struct OfferReply {
    Decision decision{};
    Code reason;
    Detail detail;
    Label rule;
    JobId artifact_id;
    bool loaded_already = false;
    static constexpr auto fields = std::tuple{
        field("decision", &OfferReply::decision, "admitted: it is loaded now, or it is already"),
        field("reason", &OfferReply::reason, "stable code"),
        field("detail", &OfferReply::detail, "for people"),
        field("rule", &OfferReply::rule, "the rule that admitted it"),
        field("artifact_id", &OfferReply::artifact_id),
        field("loaded_already", &OfferReply::loaded_already, "no ArtifactChanged will follow")};
};

// How it went is told by ArtifactChanged.
struct OfferArtifact {
    static constexpr Spec spec{.id = 11,
                               .name = "OfferArtifact",
                               .effect = Effect::act,
                               .max_bytes = 256,
                               .remark = "loaded only if an operator approved exactly these bytes"};
    using Reply = OfferReply;
    DeliveryId delivery_id;
    Handle elf;
    std::optional<Handle> manifest;
    std::optional<Handle> signatures;
    static constexpr auto fields = std::tuple{
        field("delivery_id", &OfferArtifact::delivery_id, "the backend's name for it"),
        field("elf", &OfferArtifact::elf, "sealed memfd, at most 4 MiB"),
        field("manifest", &OfferArtifact::manifest,
              "sealed memfd, at most 16 KiB; absent: policy has one for this object"),
        field("signatures", &OfferArtifact::signatures, "sealed memfd, armored, at most 16 KiB")};
};

struct ArtifactsReply {
    Bounded<ArtifactStatus, kMaxArtifacts> artifacts;
    static constexpr auto fields = std::tuple{field("artifacts", &ArtifactsReply::artifacts)};
};

struct ListArtifacts {
    static constexpr Spec spec{.id = 12,
                               .name = "ListArtifacts",
                               .effect = Effect::observe,
                               .max_bytes = 0,
                               .remark = "loaded ones, and those that ended since the start"};
    using Reply = ArtifactsReply;
    static constexpr auto fields = std::tuple{};
};

// A kind of program that this kernel can load and attach, or cannot. Names are those of
// approval::ProgramType, and "btf", "tcx", "bpf-stats".
struct KernelFeature {
    Code name;
    bool works = false;
    Label why;
    static constexpr auto fields =
        std::tuple{field("name", &KernelFeature::name), field("works", &KernelFeature::works),
                   field("why", &KernelFeature::why, "why not: the step, and the kernel's answer")};
};

struct FeaturesReply {
    bool probed = false;
    Bounded<KernelFeature, 24> features;
    static constexpr auto fields = std::tuple{
        field("probed", &FeaturesReply::probed, "false: this host has no loader, or not yet"),
        field("features", &FeaturesReply::features)};
};

struct KernelFeatures {
    static constexpr Spec spec{.id = 13,
                               .name = "KernelFeatures",
                               .effect = Effect::observe,
                               .max_bytes = 0,
                               .remark = "as a loader found them once, at the broker's start"};
    using Reply = FeaturesReply;
    static constexpr auto fields = std::tuple{};
};

struct ArtifactChanged {
    static constexpr Spec spec{.id = 135,
                               .name = "ArtifactChanged",
                               .max_bytes = 1'536,
                               .remark = "to the worker of the backend that brought it"};
    ArtifactStatus status;
    static constexpr auto fields = std::tuple{field("status", &ArtifactChanged::status)};
};

// --- broker and loader -------------------------------------------------------------------------

struct ProgramPlan {
    Name name;
    approval::ProgramType type{};
    Label attach;                 // a function's name, for LSM, fentry, fexit and kprobe
    std::uint32_t interface = 0;  // index, for XDP and TC
    std::optional<Handle> cgroup;
    static constexpr auto fields = std::tuple{
        field("name", &ProgramPlan::name, "of the function in the object"),
        field("type", &ProgramPlan::type),
        field("attach", &ProgramPlan::attach, "hook or function"),
        field("interface", &ProgramPlan::interface, "index of the network interface, else 0"),
        field("cgroup", &ProgramPlan::cgroup, "directory")};
};

struct RodataValue {
    Name name;
    BoundaryText<16> hex;  // two digits a byte, as it lies in memory
    static constexpr auto fields =
        std::tuple{field("name", &RodataValue::name), field("hex", &RodataValue::hex, "its bytes")};
};

// The one frame to a loader that loads.
struct LoadArtifact {
    static constexpr Spec spec{.id = 136,
                               .name = "LoadArtifact",
                               .phase = Phase::greeting,
                               .max_bytes = 8 * 1024,
                               .remark = "to a loader, first of all"};
    Handle seccomp;
    std::optional<Handle> landlock;
    Handle elf;
    Bounded<ProgramPlan, approval::kMaxPrograms> programs;
    Bounded<RodataValue, approval::kMaxRodata> rodata;
    std::uint32_t filter_handle = 1;
    static constexpr auto fields = std::tuple{
        field("seccomp", &LoadArtifact::seccomp, "sealed memfd: BPF made from policy/seccomp"),
        field("landlock", &LoadArtifact::landlock, "ruleset made from its profile"),
        field("elf", &LoadArtifact::elf, "sealed memfd"),
        field("programs", &LoadArtifact::programs),
        field("rodata", &LoadArtifact::rodata),
        field("filter_handle", &LoadArtifact::filter_handle,
              "of the first NamedFilter, where one is needed; the next ones count on")};
};

// The priority of every NamedFilter. With the handles that LoadArtifact gave, the broker can name
// the filters of a loader that has ended without an answer.
inline constexpr std::uint32_t kFilterPriority = 0xb01c;

// A filter that was attached by name, since this kernel has no link for it: it outlives everybody,
// and whoever unloads the artifact removes it (tc(8), clsact).
struct NamedFilter {
    std::uint32_t interface = 0;
    bool egress = false;
    std::uint32_t handle = 0;
    std::uint32_t priority = 0;
    static constexpr auto fields = std::tuple{
        field("interface", &NamedFilter::interface), field("egress", &NamedFilter::egress),
        field("handle", &NamedFilter::handle), field("priority", &NamedFilter::priority)};
};

// The one frame to a loader that probes, or that removes filters.
struct ProbeKernel {
    static constexpr Spec spec{.id = 137,
                               .name = "ProbeKernel",
                               .phase = Phase::greeting,
                               .max_bytes = 512,
                               .remark = "to a loader, first of all"};
    Handle seccomp;
    std::optional<Handle> landlock;
    Bounded<NamedFilter, approval::kMaxPrograms> remove;
    static constexpr auto fields = std::tuple{
        field("seccomp", &ProbeKernel::seccomp, "sealed memfd: BPF made from policy/seccomp"),
        field("landlock", &ProbeKernel::landlock, "ruleset made from its profile"),
        field("remove", &ProbeKernel::remove,
              "filters to remove; empty: try what this kernel can")};
};

struct LoadedProgram {
    Handle program;
    std::optional<Handle> link;
    std::optional<NamedFilter> filter;
    static constexpr auto fields =
        std::tuple{field("program", &LoadedProgram::program), field("link", &LoadedProgram::link),
                   field("filter", &LoadedProgram::filter, "in place of a link")};
};

struct LoadedMap {
    Name name;
    Handle map;
    static constexpr auto fields =
        std::tuple{field("name", &LoadedMap::name), field("map", &LoadedMap::map)};
};

struct LoaderReply {
    Status status{};
    static constexpr auto fields = std::tuple{field("status", &LoaderReply::status)};
};

// Everything is attached, in the order of the manifest.
struct ArtifactLoaded {
    static constexpr Spec spec{.id = 14,
                               .name = "ArtifactLoaded",
                               .phase = Phase::greeting,
                               .effect = Effect::greet,
                               .max_bytes = 4 * 1024,
                               .remark = "of a loader, once; then it exits"};
    using Reply = LoaderReply;
    Bounded<LoadedProgram, approval::kMaxPrograms> programs;
    Bounded<LoadedMap, kMaxMaps> maps;
    static constexpr auto fields = std::tuple{field("programs", &ArtifactLoaded::programs),
                                              field("maps", &ArtifactLoaded::maps)};
};

struct LoadFailed {
    static constexpr Spec spec{.id = 15,
                               .name = "LoadFailed",
                               .phase = Phase::greeting,
                               .effect = Effect::greet,
                               .max_bytes = 1'024,
                               .remark = "of a loader, once; nothing stays attached"};
    using Reply = LoaderReply;
    Code step;  // "confine", "open", "rodata", "load", "attach", "remove"
    std::uint32_t error = 0;
    Detail what;
    static constexpr auto fields =
        std::tuple{field("step", &LoadFailed::step, "confine, open, rodata, load, attach, remove"),
                   field("error", &LoadFailed::error, "errno(3), or 0"),
                   field("what", &LoadFailed::what, "for people; the end of the verifier's log")};
};

struct KernelProbed {
    static constexpr Spec spec{
        .id = 16,
        .name = "KernelProbed",
        .phase = Phase::greeting,
        .effect = Effect::greet,
        .max_bytes = 5 * 1024,
        .remark = "of a loader, once: what can be attached, or removed it is"};
    using Reply = LoaderReply;
    Bounded<KernelFeature, 24> features;
    static constexpr auto fields = std::tuple{field("features", &KernelProbed::features)};
};

using LoaderRequests = MessageList<ArtifactLoaded, LoadFailed, KernelProbed>;

}  // namespace bulkhead::protocol
