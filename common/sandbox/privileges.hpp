// Sets user and group ids, capabilities(7), no_new_privs and limits of the calling process, and
// reads each back from the kernel. A value that reads back differently is Kind::differs; a failed
// system call carries errno in `code`.
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
    bool operator==(const User&) const = default;
};

// `name` is a name in /etc/passwd, or "UID:GID". Other sources of nsswitch.conf(5) are not asked,
// because the broker loads no modules of them.
Result<User> find_user(std::string_view name);
// The user's line in /etc/passwd (passwd(5)). For "UID:GID" home and shell are empty.
struct Account {
    User user;
    std::string home;
    std::string shell;
};
Result<Account> find_account(std::string_view name);
// `name` is a name in /etc/group, or a number.
Result<gid_t> find_group(std::string_view name);

// Sets no_new_privs (PR_SET_NO_NEW_PRIVS, prctl(2)) for the calling thread and its descendants, for
// good. assume_ids() does it too.
Result<> forbid_new_privileges();

// A set of capabilities is a mask in which bit n is capability n.
constexpr std::uint64_t capability(int number) { return std::uint64_t{1} << number; }
inline constexpr std::uint64_t kAllCapabilities = ~std::uint64_t{0};

// The error for a setting whose system call succeeded, but that reads back differently.
inline std::unexpected<Error> differs(std::string what) {
    return fail(std::move(what), Error::Kind::differs);
}

// The ids (credentials(7)) and the capabilities of a process.
struct ProcessIds {
    User user;
    std::vector<gid_t> groups;
    std::uint64_t capabilities = 0;  // exactly these, in all five sets of capabilities(7)
    bool operator==(const ProcessIds&) const = default;
};

// Takes the ids and capabilities in `ids` for good: drops the rest of the bounding set, locks the
// securebits, sets no_new_privs and forbid_core(). Needs CAP_SETPCAP, CAP_SETUID and CAP_SETGID in
// effect. It allocates memory and reads files, so after fork(2) call it only in a child of a
// process with one thread.
//
// `status` is /proc/self/status, opened before the process entered a user namespace. Such a
// descriptor shows ids of the outer namespace; opened later it shows an id without a mapping as the
// overflow id (user_namespaces(7)), which would hide a difference.
Result<> assume_ids(const ProcessIds& ids, const sys::Fd* status = nullptr);

// For a process that stays root: cuts its bounding and permitted sets to `ceiling`, for all its
// descendants too, and its effective set to `in_force`. no_new_privs and the securebits prevent
// that a program file adds capabilities. Needs CAP_SETPCAP in effect.
Result<> lower_to(std::uint64_t ceiling, std::uint64_t in_force);
// The capabilities that are in both the bounding and the permitted set of this process: the largest
// `ceiling` that lower_to() can set.
std::uint64_t reachable_capabilities();

// Adds `wanted` to the effective set for a scope, as far as the permitted set has it. It reports no
// error: a system call that lacks a capability reports EPERM itself.
class Raised {
  public:
    explicit Raised(std::uint64_t wanted);
    Raised(const Raised&) = delete;
    Raised& operator=(const Raised&) = delete;
    ~Raised();

  private:
    std::uint64_t before_;
};

// Sets a limit of setrlimit(2) for the calling process, in the unit of that resource. A lower hard
// limit that the process already has is kept.
Result<> set_limit(int resource, std::uint64_t soft, std::uint64_t hard);
// Prevents core dumps by an RLIMIT_CORE of 1 byte: with it the kernel writes no core file and
// starts no program that kernel.core_pattern names. With 0 it would start that program, as root
// (core(5)). If the hard limit is 0 and cannot be raised, it stays 0, and the result is false.
Result<bool> forbid_core();

// Fields of /proc/PID/status (proc(5)).
struct ProcStatus {
    std::vector<std::uint32_t> uids;  // real, effective, saved, file system
    std::vector<std::uint32_t> gids;
    std::vector<std::uint32_t> groups;
    std::uint64_t inheritable = 0, permitted = 0, effective = 0, bounding = 0, ambient = 0;
    bool no_new_privs = false;
    int seccomp = 0;  // mode; 2 is SECCOMP_MODE_FILTER
    int filters = 0;  // number of seccomp filters; 0 before Linux 5.9, which does not report it
};
Result<ProcStatus> parse_proc_status(std::string_view status);
Result<ProcStatus> read_proc_status(pid_t pid);

// Kind::differs with the first difference from `ids`.
Result<> require_ids(const ProcStatus& seen, const ProcessIds& ids);

}  // namespace bulkhead::sandbox
