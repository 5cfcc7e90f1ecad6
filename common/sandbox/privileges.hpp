// Ids, capabilities, no_new_privs, limits: set for the calling process, and read back.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::sandbox {

struct User {
    uid_t uid = 0;
    gid_t gid = 0;
};

// "name", looked up in /etc/passwd and nowhere else (root loads no name-service modules), or
// "UID:GID".
Result<User> find_user(std::string_view name);
// "name", looked up in /etc/group, or a number.
Result<gid_t> find_group(std::string_view name);

struct Identity {
    User user;
    std::vector<gid_t> groups;
    std::uint64_t capabilities = 0;  // bit n is capability n; in every set, ambient included
};

// Becomes `identity` for good: bounding set cut, securebits locked, no_new_privs on, core dumps
// off, no way back. Needs CAP_SETPCAP, CAP_SETUID, CAP_SETGID. Reads everything back from the
// kernel; a difference is an error. Async-signal-safe enough for a child of a single-threaded
// parent.
Result<> become(const Identity& identity);

// What the kernel says of a process, from /proc/PID/status.
struct Seen {
    std::vector<std::uint32_t> uids;  // real, effective, saved, file system
    std::vector<std::uint32_t> gids;
    std::vector<std::uint32_t> groups;
    std::uint64_t inheritable = 0, permitted = 0, effective = 0, bounding = 0, ambient = 0;
    bool no_new_privs = false;
    int seccomp = 0;  // 2: a filter
    int filters = 0;  // how many; 0 also before Linux 5.9, which does not tell
};
Result<Seen> parse_status(std::string_view status);
Result<Seen> see(pid_t pid);

// Nothing wrong, or the first difference from `identity` in words.
Result<> require_identity(const Seen& seen, const Identity& identity);

}  // namespace bulkhead::sandbox
