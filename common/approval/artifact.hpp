// The manifest of an eBPF artifact: text that says which object file is loaded, what each of its
// programs is attached to, on which hosts, until when and within which bounds. Approvers sign its
// bytes, in the namespace kArtifactNamespace.
//
// The form is that of approval::Manifest: lines "key SP value LF" of bytes 0x20..0x7e, keys in a
// fixed order, a last line "end", one spelling for each value.
//
//   bulkhead-artifact v1
//   artifact-id drop-counter
//   author alice
//   realm prod                                   may be left out
//   epoch 4                                      may be left out
//   elf-sha256 HEX
//   elf-size 5120
//   program count xdp eth0                       1 to kMaxPrograms: NAME TYPE ATTACH
//   program guard cgroup-connect4 /system.slice/app.service
//   rodata limit u32 100                         0 to kMaxRodata: NAME TYPE VALUE
//   drops-map dropped                            may be left out: counts in it are reported
//   target host:web-1                            1 to kMaxTargets
//   not-before 2026-12-01T00:00:00Z
//   not-after 2026-12-31T00:00:00Z
//   ttl 12h                                      from loading to unloading, in the largest unit of
//                                                s, m, h and d that needs no fraction
//   max-cpu-percent 2                            1 to 100, of one processor, all programs together
//   pin no                                       yes: programs outlive the broker
//   reason count what the firewall drops
//   end
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/approval/manifest.hpp"

namespace bulkhead::approval {

inline constexpr std::string_view kArtifactNamespace = "bulkhead-artifact-v1";
inline constexpr std::size_t kMaxElf = 4_MiB;
inline constexpr std::size_t kMaxPrograms = 8;
inline constexpr std::size_t kMaxRodata = 32;
inline constexpr std::chrono::seconds kMinTtl{1};
inline constexpr std::chrono::seconds kMaxTtl = std::chrono::days(365);

// What a program may be, in the spelling of the manifest and of artifacts.policy, and what ATTACH
// is for it.
enum class ProgramType : std::uint8_t {
    none = 0,         // no type: refused everywhere
    xdp,              // "xdp": a network interface
    tc_ingress,       // "tc-ingress": a network interface
    tc_egress,        // "tc-egress": a network interface
    cgroup_connect4,  // "cgroup-connect4": a cgroup, as an absolute path below /sys/fs/cgroup
    cgroup_connect6,  // "cgroup-connect6": the same
    cgroup_ingress,   // "cgroup-ingress": the same; BPF_CGROUP_INET_INGRESS
    cgroup_egress,    // "cgroup-egress": the same; BPF_CGROUP_INET_EGRESS
    lsm,              // "lsm": a hook, as in security/security.h: "file_open"
    fentry,           // "fentry": a function of the kernel
    fexit,            // "fexit": the same
    kprobe,           // "kprobe": the same
    kLast = kprobe,
};
enum class AttachKind : std::uint8_t { interface, cgroup, function };

Result<ProgramType> parse_program_type(std::string_view word);
std::string_view name_of(ProgramType type);
AttachKind attach_kind(ProgramType type);
// An error says what a program of the type is attached to.
Result<> check_attach(ProgramType type, std::string_view attach);
// As a manifest spells it: "90s", "12h", "7d".
std::string in_words(std::chrono::seconds span);

struct ArtifactProgram {
    std::string name;  // of the function in the object: [A-Za-z_][A-Za-z0-9_]{0,63}
    ProgramType type = ProgramType::none;
    // Interface: at most 15 bytes of [A-Za-z0-9._-]. Cgroup: a path, at most 255 bytes; "/" is that
    // of all processes. Function: [A-Za-z_][A-Za-z0-9_.]{0,63}.
    std::string attach;
    bool operator==(const ArtifactProgram&) const = default;
};

// A constant of the object's .rodata, set before the kernel verifies the programs.
struct Rodata {
    // u8 u16 u32 u64 i8 i16 i32 i64: decimal. "ipv4": dotted, in network byte order.
    std::string name;
    std::string type;
    std::string value;
    // As the object has it in memory: 1 to 8 bytes in the byte order of this host.
    std::string bytes;
};

struct ArtifactManifest {
    unsigned format = 1;
    std::string id;  // is_job_id()
    std::string author;
    std::string realm;  // empty: not named
    std::optional<std::uint32_t> epoch;
    crypto::Digest elf_sha256{};
    std::uint64_t elf_size = 0;  // bytes, 1 to kMaxElf
    std::vector<ArtifactProgram> programs;
    std::vector<Rodata> rodata;
    std::string drops_map;  // an array or per-CPU array of u64, at most 15 bytes; empty: none
    std::vector<Target> targets;
    UnixTime not_before;
    UnixTime not_after;
    std::chrono::seconds ttl{0};  // kMinTtl to kMaxTtl
    unsigned max_cpu_percent = 0;
    bool pin = false;
    std::string reason;

    crypto::Digest digest{};  // SHA-256 of the bytes it was parsed from
};

// Takes at most kMaxManifest bytes. An error names line and key, as parse_manifest() does.
Result<ArtifactManifest> parse_artifact_manifest(std::string_view bytes);
// The inverse; it checks no value.
std::string write_artifact_manifest(const ArtifactManifest& manifest);

// An approval file, NAME.artifact: a manifest, and behind its line "end" the armored signatures, in
// any number.
struct ArtifactApproval {
    std::string_view manifest;    // with its last line
    std::string_view signatures;  // the rest
};
// Takes at most twice kMaxManifest bytes. It checks neither manifest nor signatures.
Result<ArtifactApproval> split_artifact_approval(std::string_view bytes);

}  // namespace bulkhead::approval
