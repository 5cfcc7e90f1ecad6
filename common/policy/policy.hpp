// Policy: all rules of the host's owner and of the version, as one value. load() and merge() make
// it; nothing changes it afterwards.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/approval/allowed_signers.hpp"
#include "common/approval/manifest.hpp"
#include "common/approval/revoked_jobs.hpp"
#include "common/base/bytes.hpp"
#include "common/crypto/sha256.hpp"
#include "common/policy/artifact_rules.hpp"
#include "common/policy/source.hpp"

namespace bulkhead::policy {

// A map that can be searched with a string_view.
template <class T>
using Named = std::map<std::string, T, std::less<>>;

// nullptr if the map has no such name.
template <class T>
const T* find(const Named<T>& map, std::string_view name) {
    const auto at = map.find(name);
    return at == map.end() ? nullptr : &at->second;
}

struct Host {
    // Empty only in a dry run on a machine without /etc/machine-id; then no target "host:ID"
    // matches.
    std::string id;
    bool from_machine_id = false;  // false: host.policy names it
    std::vector<std::string> groups;
    // A manifest must name the same realm, and a signed one the same epoch; where host.policy names
    // none the manifest must name none either.
    std::string realm;
    std::optional<std::uint32_t> epoch;
    // Until then manifests of format v1, which can name neither, are taken. Absent: none is.
    std::optional<UnixTime> accept_v1_until;
    std::string readers;  // the group that may read the audit log; empty: root alone
};

// A wall of which the broker refuses to start if this host lacks it.
struct Requirement {
    std::string feature;
    Source source;
};

enum class Access {
    read,     // read files and list directories
    execute,  // read, and run programs
    remove,   // list directories and delete files and directories beneath, nothing else
    write,    // read; create, change, rename and delete files, directories, links, FIFOs, sockets
    devices,  // write, make device nodes and use ioctls of devices
};

struct PathRule {
    Access access = Access::read;
    std::string path;
    bool if_present = false;  // true: it is no error that the path does not exist
    Source source;
};

// A row "connect 10.0.0.0/8 443": addresses and a port that the worker may connect to, over TCP and
// UDP.
struct ConnectRow {
    std::array<std::uint8_t, 16> network{};  // policy::Address; IPv4 is mapped to ::ffff:0:0/96
    unsigned prefix = 0;                     // 0..128 bits; 0 is "any", in IPv4 and IPv6
    std::uint16_t port = 0;
    Source source;
};

inline constexpr std::size_t kMaxPorts = 64;  // the most that protocol::Setup can carry

// The worker's rows and ports in worker.landlock, which version 0.1 had instead of a profile.
struct LandlockList {
    std::vector<PathRule> paths;
    std::vector<ConnectRow> connects;
};

// A test of some bits of an argument. It is true if (argument & mask) == value.
struct Bits {
    std::uint64_t mask = 0;
    std::uint64_t value = 0;  // has no bits outside the mask
};

// A condition on one argument: it is true if one test of `any_of` is. All but "null" test the low
// 32 bits only, because the kernel ignores the higher ones of an argument that is an int.
struct Condition {
    unsigned argument = 0;  // 0..5
    std::vector<Bits> any_of;
    std::string text;  // as written in the list: "arg0 in AF_INET AF_INET6"
};

// The actions of seccomp(2) that a list can name. The zero value is the strictest.
enum class SyscallAction { kill, error, log, allow };

struct Action {
    SyscallAction kind = SyscallAction::kill;
    int error = 0;  // errno for SyscallAction::error
    friend bool operator==(const Action&, const Action&) = default;
};

struct SyscallRule {
    std::string call;
    Action action;
    std::vector<Condition> conditions;  // all must be true; at most one for each argument
    Source source;
};

struct SeccompList {
    std::string name;
    Action fallback;  // of the `default` line, for calls that no rule matches
    std::vector<SyscallRule> rules;
    Source source;  // of the `default` line
};

enum class Network { none, host };

struct Namespaces {
    bool mount = false;
    bool net = false;  // set by `network none`
    bool ipc = false;
    bool uts = false;
    bool pid = false;
    friend bool operator==(const Namespaces&, const Namespaces&) = default;
};

// A line "require WALL" or "without WALL". The names are those of wall.cpp.
struct WallLine {
    std::string wall;
    Source source;
};

struct Limits {
    std::uint64_t memory = 0;       // bytes
    std::uint32_t pids = 0;         // processes and threads
    std::uint32_t cpu_percent = 0;  // 100 is one processor
    std::uint64_t file_size = 0;    // bytes
    std::uint32_t open_files = 0;
    // There is no limit for core dumps: they are always off, because they write memory to the disk.
    std::uint32_t at_once = 0;        // jobs of the profile at the same time; 0: the host's limit
    std::uint64_t locked_memory = 0;  // bytes, RLIMIT_MEMLOCK
    std::uint64_t state = 0;          // bytes in a worker's state directory
};

// The account, rights and limits of a job or of a process of the agent. For a job they also bound
// what its manifest may ask for. The accounts of the agent's processes are not in their profiles;
// they come from the command line.
struct Profile {
    std::string name;
    std::string user;
    Source user_source;
    std::string group;
    std::vector<std::string> groups;  // supplementary groups
    std::uint64_t capabilities = 0;   // bit n is capability number n
    Network network = Network::none;
    Namespaces namespaces;
    // "files host": the file system restricts the job by file permissions only. The profile has no
    // rows then, and the job no view and no Landlock ruleset, because every ruleset denies
    // mount(2).
    bool host_files = false;
    std::vector<PathRule> paths;
    std::vector<WallLine> require;     // lines "require"; see obligatory_walls()
    std::vector<WallLine> without;     // lines "without"
    std::vector<ConnectRow> connects;  // at most kMaxPorts
    std::vector<std::uint16_t> ports;  // the ports of `connects`, each once
    std::uint64_t wished = 0;          // capabilities that the broker keeps if it was given them
    std::uint64_t in_force = 0;        // the broker's capabilities that are always effective
    std::chrono::seconds greeting{};   // limit from a worker's exec to its Hello
    bool private_tmp = true;
    // Bytes of /tmp and /var/tmp together; 0: half of the memory limit.
    std::uint64_t private_tmp_size = 0;
    Limits limits;
    unsigned umask = 0;
    int nice = 0;
    std::chrono::seconds max_timeout{};
    std::uint64_t max_output = 0;  // bytes
    std::string seccomp;           // name of a SeccompList, which exists
    Source source;                 // of the first line
};

// A row of reads.policy: files that the broker opens for the worker. A name that several rows share
// means the files of all of them.
struct ReadRow {
    std::string target;  // a path, or a pattern with * and ? in it; see matches()
    bool is_pattern = false;
    std::uint64_t max_bytes = 0;  // of each file
    std::string links_within;     // symlinks are followed beneath this directory; empty: not at all
    bool private_too = false;     // true: also files of a pattern that not everybody may read
    Source source;
};

// A row "builtin" of reads.policy: a value that the broker computes for the worker.
struct BuiltinRow {
    std::uint64_t max_bytes = 0;
    Source source;
};
inline constexpr std::string_view kSocketOwners = "socket-owners";
inline constexpr std::string_view kFileSystems = "file-systems";
// All names of builtin rows. broker/handlers/read_privileged.cpp computes their values.
inline constexpr std::array kBuiltins{kSocketOwners, kFileSystems};

// "need N of GROUP": so many different people of a SignerGroup must sign.
struct Need {
    unsigned people = 0;
    std::string group;
};

// The signatures that approve a job of a profile, and the bounds of such jobs. A profile without a
// rule, or with one without needs, is for pinned jobs only.
struct ApprovalRule {
    // What becomes of a one-shot job that was approved before this host's ledger was born, and so
    // may have run in an earlier life of the host. by_kind: signed ones are refused, pinned ones
    // admitted. After a loss of the ledger all of them are refused.
    enum class BeforeBirth { by_kind = 0, refuse, admit };

    std::vector<Need> needs;     // all of them, each by people of its own
    bool author_counts = false;  // false: `needs` are people beside the author, who signs too
    bool hardware = false;       // the keys of all these must be in hardware tokens
    bool verified = false;       // and the tokens must have verified their user
    std::chrono::seconds max_validity{};  // the most that not-after may be behind not-before

    // Bounds of signed and of pinned jobs.
    bool one_shot_only = false;
    bool no_target_any = false;
    std::optional<approval::Runs> max_runs;          // never once
    std::optional<std::vector<std::string>> params;  // the allowed kinds, of kParamKinds
    BeforeBirth before_birth = BeforeBirth::by_kind;

    std::chrono::seconds max_pinned_validity{};  // max_validity of pinned jobs; 0: no bound
    Source source;
};

// The kinds of parameters as approval.policy names them: the text of a rule in a manifest up to its
// colon.
inline constexpr std::array<std::string_view, 6> kParamKinds{"int",  "enum", "word",
                                                             "path", "text", "text-raw"};

// In words: "2 of ops and 1 of security".
std::string in_words(const std::vector<Need>& needs);

// A row "file /etc/bulkhead/tls/NAME/*": files that the broker may open for a backend's worker.
struct CredentialRow {
    std::string pattern;  // NAME, or NAME before a dot, in a component means the backend's name
    std::string backend;  // the only backend that the row is for; empty: all backends
    Source source;
};

// How a file in the operator's directory changes the vendor's policy.
struct Override {
    enum class Kind {
        replaces,  // it replaces the vendor's file of the same name
        adds,      // FILE.d/NAME.lines adds lines to FILE
        copy,      // it has the bytes that a release shipped, so it is ignored
    };
    Kind kind = Kind::replaces;
    std::string file;     // relative to the operator's directory
    std::string release;  // of a copy: the release that shipped it
};

struct SignerGroup {
    std::vector<std::string> principals;
    Source source;
};

// A manifest in approved/. If a script is beside it, it is a catalogue job.
struct Approved {
    std::string name;
    std::string bytes;  // the manifest's bytes
    approval::Manifest manifest;
    std::optional<std::string> script;
};

// A file approved/NAME.artifact. Signatures in it are not asked for.
struct ApprovedArtifact {
    std::string name;
    std::string bytes;  // of the manifest in it
    approval::ArtifactManifest manifest;
};

// A line "same-script NAME NAME...": manifests of approved/ that may pin one script.
struct SameScript {
    std::vector<std::string> jobs;
    Source source;
};

// The part of a policy that grants and withdraws: for which jobs and artifacts this host is, who
// may approve them, what root approved itself, and what counts no longer.
struct Grants {
    Host host;
    unsigned format = 0;               // "policy-format" of host.policy; 0 if it has no such line
    Named<ApprovalRule> approvals;     // by profile
    Named<SignerGroup> signer_groups;  // by name
    approval::AllowedSigners signers;
    std::vector<approval::RevokedJob> revoked_jobs;
    Named<Approved> approved;
    std::vector<SameScript> same_scripts;
    std::optional<ArtifactRules> artifacts;         // absent: no eBPF program may be loaded
    std::optional<ApprovalRule> artifact_approval;  // absent: those pinned in approved/ alone
    Named<ApprovedArtifact> approved_artifacts;
    // So far hosts' clocks may be behind that of whoever dates and signs.
    std::chrono::seconds skew{};
};

struct Policy : Grants {
    std::vector<Requirement> requirements;
    Named<Profile> profiles;
    Named<SeccompList> seccomp;  // includes every list that a profile names
    Named<Profile> parts;  // the agent's processes: "broker", "worker", "config-reader", "vet",
                           // and where artifacts are loaded "loader"
    std::optional<LandlockList> worker_landlock;  // from version 0.1; read for one more release
    std::vector<CredentialRow> credentials;
    std::vector<WallLine> waivers;    // lines "without egress" of host.policy
    std::vector<Override> overrides;  // one for each file of the operator that changes the vendor's
    Named<Source> interpreters;       // by absolute path
    Named<std::vector<ReadRow>> reads;
    Named<BuiltinRow> builtins;
    Named<Source> broker_libs;                 // by soname
    std::vector<std::string> ignored;          // relative paths of files that are no policy files
    std::map<std::string, std::string> texts;  // what was read of each file, by relative path
    std::string file_list;    // "sha256  path\n" for each file read, the input of sha256sum -c
    crypto::Digest digest{};  // SHA-256 of file_list

    // complete() has checked that the profile and the list exist.
    const Profile& part(std::string_view name) const { return *find(parts, name); }
    const SeccompList& calls_of(const Profile& of) const { return *find(seccomp, of.seccomp); }
    // The broker's list, whose filter also applies to every process that it starts.
    const SeccompList& ceiling() const { return calls_of(part("broker")); }
};

// The names, as in "CAP_CHOWN CAP_KILL", or "none".
std::string capability_names(std::uint64_t capabilities);

}  // namespace bulkhead::policy
