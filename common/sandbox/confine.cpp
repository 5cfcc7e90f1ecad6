#include "common/sandbox/confine.hpp"

#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/sandbox/privileges.hpp"
#include "common/sandbox/sealed_code.hpp"
#include "common/sandbox/walls.hpp"

namespace bulkhead::sandbox {

namespace {

using policy::Wall;
using policy::WallSet;

Result<> require_denied(bool denied, const char* what) {
    if (denied) return {};
    return differs(std::string(what) + " was possible");
}

// True if the effective, permitted, inheritable and bounding sets of the process are `wanted`. A
// capability in the ambient set is in the permitted and the inheritable set too (capabilities(7)).
Result<bool> has_just(std::uint64_t wanted) {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, 2> sets{};
    TRY(sys::check(::syscall(SYS_capget, &header, sets.data()), "capget"));
    for (std::size_t i = 0; i < sets.size(); ++i) {
        const auto part = static_cast<std::uint32_t>(wanted >> (32 * i));
        if (sets[i].effective != part || sets[i].permitted != part || sets[i].inheritable != part)
            return false;
    }
    for (int number = 0; ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; ++number) {
        const bool there = ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) != 0;
        if (there != ((wanted & capability(number)) != 0)) return false;
    }
    return true;
}

// Runs before the seccomp filter forbids these calls. The broker checks the same from outside, in
// /proc/PID/status.
Result<> verify_identity(std::uint64_t capabilities) {
    TRY(require_denied(::setresuid(0, 0, 0) != 0, "becoming root"));
    const bool bare = TRY(has_just(capabilities)) && ::getgroups(0, nullptr) == 0;
    TRY(require_denied(bare, "keeping a capability or group"));
    return require_denied(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
                          "gaining privileges by exec");
}

// Binds a TCP port on the loopback address, which Landlock must refuse with EACCES: the ruleset
// allows connecting to some ports and binding to none. Who may make no such socket binds none: on a
// kernel without IPv4, or by SELinux (EACCES), as the loader.
Result<> verify_ports() {
    const sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket && (errno == EAFNOSUPPORT || errno == EACCES)) return {};
    if (!socket) return sys::fail_errno("socket");
    const sockaddr_in any{
        .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    const int done = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any);
    return require_denied(done != 0 && errno == EACCES, "binding a port");
}

Result<> raise_given(const Filter& filter) {
    TRY(install(filter));
    TRY(require_denied(::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2, "running without a filter"));
    // Without the filter clone3(2) would fail with EINVAL or EFAULT; the filter answers ENOSYS.
    const long made = ::syscall(SYS_clone3, nullptr, 0);
    return require_denied(made < 0 && errno == ENOSYS, "clone3");
}

}  // namespace

WallSet own_walls(bool ruleset) {
    const auto walls = policy::kRaisedByWorker.without(lacking_walls({}));
    return ruleset ? walls : walls.without({Wall::landlock, Wall::landlock_net});
}

Result<> confine(const sys::Fd& seccomp, const sys::Fd* landlock, std::uint64_t capabilities) {
    const auto wanted = own_walls(landlock != nullptr);
    Standing standing;
    // The broker set PR_SET_PDEATHSIG before execve(2), which clears it if the SELinux domain
    // changes (security/selinux/hooks.c), so it is set again. If the broker died before, the
    // channel is closed and the process ends by that.
    TRY(standing.add({Wall::end_with_parent}, end_with_parent()));
    TRY(standing.add({Wall::not_dumpable}, refuse_dumps()));
    if (wanted.has(Wall::mdwe)) TRY(standing.add({Wall::mdwe}, refuse_new_code()));
    if (wanted.has(Wall::mseal)) TRY(standing.add({Wall::mseal}, seal_code()));
    TRY(standing.add({Wall::identity, Wall::capabilities, Wall::no_new_privs},
                     verify_identity(capabilities)));
    const auto filter = TRY(from_memfd(seccomp));
    if (landlock != nullptr) {
        TRY(standing.add({Wall::landlock}, raise_ruleset(landlock->get(), "/")));
    }
    if (wanted.has(Wall::landlock_net)) {
        TRY(standing.add({Wall::landlock_net}, verify_ports()));
    }
    // The filter comes last because it forbids the calls above.
    TRY(standing.add({Wall::seccomp}, raise_given(filter)));
    return standing.require(wanted);
}

}  // namespace bulkhead::sandbox
