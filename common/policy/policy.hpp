// Policy: everything the host's owner has decided, as one value; made by load(), changed by nobody.
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
#include "common/base/bytes.hpp"
#include "common/crypto/sha256.hpp"

namespace bulkhead::policy {

// Where a rule stands and why it is there: an auditor's two questions.
struct Source {
    std::string file;  // relative to the policy directory
    unsigned line = 0;
    std::string reason;
    std::size_t column = 0;  // where a path stands in the line; 0 where nobody asks

    std::string at() const { return file + ":" + std::to_string(line); }
    // With the column, for what is wrong with a path.
    std::string place() const { return at() + ":" + std::to_string(column); }
};

// A map that is searched with a string_view.
template <class T>
using Named = std::map<std::string, T, std::less<>>;

template <class T>
const T* find(const Named<T>& map, std::string_view name) {
    const auto at = map.find(name);
    return at == map.end() ? nullptr : &at->second;
}

struct Host {
    std::string id;  // empty only in a dry run without /etc/machine-id: no host: target matches it
    bool from_machine_id = false;
    std::vector<std::string> groups;
};

// A feature this host's kernel must have, or the broker refuses to start.
struct Requirement {
    std::string feature;
    Source source;
};

enum class Access {
    read,     // files and directories
    execute,  // read, and run
    remove,   // list directories and delete what is beneath, nothing else
    write,    // read, and create, change, rename, remove: files, directories, links, FIFOs, sockets
    devices,  // write, and make device nodes and use device ioctls
};

struct PathRule {
    Access access = Access::read;
    std::string path;
    bool if_present = false;  // an absent path is no error
    Source source;
};

// Addresses and a port that the worker may connect to, over TCP and UDP: "connect 10.0.0.0/8 443".
struct ConnectRow {
    std::array<std::uint8_t, 16> network{};  // an IPv4 one v4-mapped, ::ffff:0:0/96 (RFC 4291)
    unsigned prefix = 0;                     // of 128 bits; 0 is "any", of both families
    std::uint16_t port = 0;
    Source source;
};

inline constexpr std::size_t kMaxPorts = 64;  // as many as protocol::Setup carries

// Rows and ports of the worker as worker.landlock had them, before there was its profile.
struct LandlockList {
    std::vector<PathRule> paths;
    std::vector<ConnectRow> connects;
};

// Some bits of an argument, and what they have to be. The others may be anything.
struct Bits {
    std::uint64_t mask = 0;
    std::uint64_t value = 0;  // within the mask
};

// An argument agrees with one of `any_of`. All but "null" look at the low 32 bits only, for those
// are all the kernel uses of an int: garbage above them changes nothing.
struct Condition {
    unsigned argument = 0;  // 0..5
    std::vector<Bits> any_of;
    std::string text;  // "arg0 in AF_INET AF_INET6", as policy spells it
};

// The zero value is the strictest.
enum class SyscallAction { kill, error, log, allow };

struct Action {
    SyscallAction kind = SyscallAction::kill;
    int error = 0;  // errno for SyscallAction::error
    friend bool operator==(const Action&, const Action&) = default;
};

struct SyscallRule {
    std::string call;
    Action action;
    std::vector<Condition> conditions;  // all must hold; each argument at most once
    Source source;
};

struct SeccompList {
    std::string name;
    Action fallback;  // for a call that no rule matches
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

// A wall that a profile's promises stand on, by the name that it has in `missing` and in lines
// "require" and "without"; see walls.hpp.
struct WallLine {
    std::string wall;
    Source source;
};

struct Limits {
    std::uint64_t memory = 0;  // bytes
    std::uint32_t pids = 0;
    std::uint32_t cpu_percent = 0;  // 100 is one processor
    std::uint64_t file_size = 0;    // bytes
    std::uint32_t open_files = 0;
    // Core dumps are always off: they would leave a job's memory on disk.
    std::uint32_t at_once = 0;        // running jobs of the profile; 0: as many as the host takes
    std::uint64_t locked_memory = 0;  // bytes, RLIMIT_MEMLOCK
    std::uint64_t state = 0;          // bytes of a worker's state directory
};

// What a process gets, and for a job the ceiling for what its manifest may ask. A part of the agent
// has its account from the command line.
struct Profile {
    std::string name;
    std::string user;
    std::string group;
    std::vector<std::string> groups;  // supplementary
    std::uint64_t capabilities = 0;   // bit n is capability number n
    Network network = Network::none;
    Namespaces namespaces;
    // "files host": files as its user has them. No rows then, no view, and no ruleset of
    // Landlock's, for any would forbid mount(2).
    bool host_files = false;
    std::vector<PathRule> paths;
    std::vector<WallLine> require;     // obligatory besides those of obligatory_walls()
    std::vector<WallLine> without;     // given up, with the reason
    std::vector<ConnectRow> connects;  // at most kMaxPorts
    std::vector<std::uint16_t> ports;  // of those, each once
    std::uint64_t wished = 0;          // capabilities that the broker has where it is given them
    std::uint64_t in_force = 0;        // of the broker's, all the time
    std::chrono::seconds greeting{};   // from a worker's exec to its Hello
    bool private_tmp = true;
    std::uint64_t private_tmp_size =
        0;  // bytes, of its /tmp and /var/tmp together; 0: half of memory
    Limits limits;
    unsigned umask = 0;
    int nice = 0;
    std::chrono::seconds max_timeout{};
    std::uint64_t max_output = 0;  // bytes
    std::string seccomp;           // name of a SeccompList that exists
    Source source;                 // of its first line
};

// Files that the broker opens for the worker. Several rows may share a name: together they are what
// one purpose needs.
struct ReadRow {
    std::string target;  // a path, or a pattern whose components hold * and ?
    bool is_pattern = false;
    std::uint64_t max_bytes = 0;  // of each file
    std::string links_within;     // symlinks are followed beneath this directory; empty: nowhere
    bool private_too = false;     // a pattern's files that not everybody may read as well
    Source source;
};

// A value that the broker computes for the worker.
struct BuiltinRow {
    std::uint64_t max_bytes = 0;
    Source source;
};
inline constexpr std::string_view kSocketOwners = "socket-owners";
inline constexpr std::string_view kFileSystems = "file-systems";
// All there are. Who reads them: broker/handlers/read_privileged.cpp.
inline constexpr std::array kBuiltins{kSocketOwners, kFileSystems};

// Who may approve jobs of a profile by signature. A profile without a rule, or with need 0, is for
// pinned jobs only.
struct ApprovalRule {
    unsigned need = 0;
    std::string group;
    bool author_counts = false;
    std::chrono::seconds max_validity{};  // not-after minus not-before
    Source source;
};

// Where a file lies that root may open for a backend's worker: "file /etc/bulkhead/tls/NAME/*".
struct CredentialRow {
    std::string pattern;  // NAME, a component or the begin of one, stands for the backend's name
    std::string backend;  // for this one alone; empty: for each
    Source source;
};

// What the operator's directory says of a file of the vendor's.
struct Override {
    enum class Kind {
        replaces,  // stands in its place
        adds,      // FILE.d/NAME.lines
        copy,      // byte for byte what a release shipped: not read
    };
    Kind kind = Kind::replaces;
    std::string file;     // relative to the operator's directory
    std::string release;  // that shipped it, of a copy
};

struct SignerGroup {
    std::vector<std::string> principals;
    Source source;
};

// A manifest that stands in approved/; with a script it is a catalogue job.
struct Approved {
    std::string name;
    std::string bytes;  // of the manifest, as they are
    approval::Manifest manifest;
    std::optional<std::string> script;
};

struct Policy {
    Host host;
    std::vector<Requirement> requirements;
    Named<Profile> profiles;
    Named<SeccompList> seccomp;  // holds each that a profile names
    Named<Profile> parts;        // of the agent: "broker", "worker", "config-reader", "vet"
    std::optional<LandlockList> worker_landlock;  // read for one release
    std::vector<CredentialRow> credentials;
    std::vector<WallLine> waivers;    // host.policy, "without egress"
    std::vector<Override> overrides;  // of vendor's files
    unsigned format = 0;              // host.policy, "policy-format"; 0: before there was one
    Named<Source> interpreters;       // by absolute path
    Named<std::vector<ReadRow>> reads;
    Named<BuiltinRow> builtins;
    Named<ApprovalRule> approvals;     // by profile
    Named<SignerGroup> signer_groups;  // by name
    approval::AllowedSigners signers;
    Named<Approved> approved;
    Named<Source> broker_libs;         // by soname
    std::vector<std::string> ignored;  // files that nobody reads, relative paths
    std::string file_list;    // "sha256  path\n" of each file read, as sha256sum -c takes it
    crypto::Digest digest{};  // SHA-256 of file_list

    // load() has made sure that each is there.
    const Profile& part(std::string_view name) const { return *find(parts, name); }
    const SeccompList& calls_of(const Profile& of) const { return *find(seccomp, of.seccomp); }
    // What binds root, and all that it starts.
    const SeccompList& ceiling() const { return calls_of(part("broker")); }
};

// "CAP_CHOWN CAP_KILL", or "none".
std::string capability_names(std::uint64_t capabilities);

}  // namespace bulkhead::policy
