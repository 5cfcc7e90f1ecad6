// Ids, capabilities, no_new_privs, limits: set for the calling process, and read back.
#pragma once
#include <linux/capability.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::sandbox {

struct User {
    uid_t uid = 0;
    gid_t gid = 0;
};

// "name", looked up in /etc/passwd and nowhere else (root loads no name-service modules), or
// "UID:GID".
Result<User> find_user(std::string_view name);
// Of the user's row in /etc/passwd; empty for "UID:GID".
struct Account {
    User user;
    std::string home;
    std::string shell;
};
Result<Account> find_account(std::string_view name);
// "name", looked up in /etc/group, or a number.
Result<gid_t> find_group(std::string_view name);

// For good, for the calling process and all that it starts; assume_ids() has it too.
Result<> forbid_new_privileges();

// Sets of capabilities: bit n is capability n.
constexpr std::uint64_t capability(int number) { return std::uint64_t{1} << number; }
inline constexpr std::uint64_t kAllCapabilities = ~std::uint64_t{0};

// Of a setting that was made without an error, and is not what the kernel says.
inline std::unexpected<Error> differs(std::string what) {
    return fail(std::move(what), Error::Kind::differs);
}

// Who a process is to the kernel: credentials(7), and the capabilities it has.
struct ProcessIds {
    User user;
    std::vector<gid_t> groups;
    std::uint64_t capabilities = 0;  // in every set, ambient included
};

// Becomes `ids` for good: bounding set cut, securebits locked, no_new_privs on, core dumps
// of one byte, no way back. Needs CAP_SETPCAP, CAP_SETUID, CAP_SETGID. Reads everything back from
// the kernel; a difference is an error. Async-signal-safe enough for a child of a single-threaded
// parent.
//
// `status` is /proc/self/status, opened before a user namespace was entered: it tells ids as they
// are outside, where the one that stands for "none of ours" is nobody's (user_namespaces(7)).
Result<> assume_ids(const ProcessIds& ids, const sys::Fd* status = nullptr);

// For root that stays root: no capability beyond `ceiling` for this process and all it will ever
// start, only `in_force` of them effective outside of a Raised, and no program file gives any back.
// Needs CAP_SETPCAP. Reads everything back.
Result<> lower_to(std::uint64_t ceiling, std::uint64_t in_force);
// This process's bounding set and what of it is permitted: the most that a ceiling can hold.
std::uint64_t reachable_capabilities();

// Makes `wanted` effective for a scope, as far as it is permitted. What needs it fails without it,
// so no error is told here.
class Raised {
  public:
    explicit Raised(std::uint64_t wanted);
    Raised(const Raised&) = delete;
    Raised& operator=(const Raised&) = delete;
    ~Raised();

  private:
    std::uint64_t before_;
};

// A limit of setrlimit(2), soft and hard, for the calling process; a stricter one that stands
// stays. Read back.
Result<> set_limit(int resource, std::uint64_t soft, std::uint64_t hard);
// No core dumps: a limit of 1 byte, at which the kernel writes none and starts none of the programs
// that kernel.core_pattern may name; at 0 it starts them, as root (core(5)). Where 0 is the hard
// limit already and may not be raised it stays: false.
Result<bool> forbid_core();

// What the kernel says of a process, from /proc/PID/status.
struct ProcStatus {
    std::vector<std::uint32_t> uids;  // real, effective, saved, file system
    std::vector<std::uint32_t> gids;
    std::vector<std::uint32_t> groups;
    std::uint64_t inheritable = 0, permitted = 0, effective = 0, bounding = 0, ambient = 0;
    bool no_new_privs = false;
    int seccomp = 0;  // 2: a filter
    int filters = 0;  // how many; 0 also before Linux 5.9, which does not tell
};
Result<ProcStatus> parse_proc_status(std::string_view status);
Result<ProcStatus> read_proc_status(pid_t pid);

// Nothing wrong, or the first difference from `ids` in words.
Result<> require_ids(const ProcStatus& seen, const ProcessIds& ids);

}  // namespace bulkhead::sandbox
