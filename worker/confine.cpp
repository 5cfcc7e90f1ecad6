#include "worker/confine.hpp"

#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/sandbox/privileges.hpp"
#include "common/sandbox/walls.hpp"
#include "worker/sealed_code.hpp"

namespace bulkhead::worker {

namespace {

using policy::Wall;
using policy::WallSet;

Result<> require_denied(bool denied, const char* what) {
    if (denied) return {};
    return sandbox::differs(std::string(what) + " was possible");
}

// True if the process has a capability in its effective, permitted, inheritable or bounding set. A
// capability in the ambient set is in the permitted and the inheritable set too (capabilities(7)).
Result<bool> has_capabilities() {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, 2> sets{};
    TRY(sys::check(::syscall(SYS_capget, &header, sets.data()), "capget"));
    for (const auto& set : sets) {
        if ((set.effective | set.permitted | set.inheritable) != 0) return true;
    }
    for (int number = 0; ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; ++number) {
        if (::prctl(PR_CAPBSET_READ, number, 0, 0, 0) != 0) return true;
    }
    return false;
}

// Runs before the seccomp filter forbids these calls. The broker checks the same from outside, in
// /proc/PID/status.
Result<> verify_identity() {
    TRY(require_denied(::setresuid(0, 0, 0) != 0, "becoming root"));
    const bool bare = !TRY(has_capabilities()) && ::getgroups(0, nullptr) == 0;
    TRY(require_denied(bare, "keeping a capability or group"));
    return require_denied(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
                          "gaining privileges by exec");
}

// Binds a TCP port on the loopback address, which Landlock must refuse with EACCES: the ruleset
// allows connecting to some ports and binding to none.
Result<> verify_ports() {
    const sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket && errno == EAFNOSUPPORT) return {};
    if (!socket) return sys::fail_errno("socket");
    const sockaddr_in any{
        .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    const int done = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any);
    return require_denied(done != 0 && errno == EACCES, "binding a port");
}

Result<> raise_filter(const sandbox::Filter& filter) {
    TRY(sandbox::install(filter));
    TRY(require_denied(::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2, "running without a filter"));
    // Without the filter clone3(2) would fail with EINVAL or EFAULT; the filter answers ENOSYS.
    const long made = ::syscall(SYS_clone3, nullptr, 0);
    return require_denied(made < 0 && errno == ENOSYS, "clone3");
}

}  // namespace

WallSet own_walls(bool ruleset) {
    const auto walls = policy::kRaisedByWorker.without(sandbox::lacking_walls({}));
    return ruleset ? walls : walls.without({Wall::landlock, Wall::landlock_net});
}

Result<> verify_egress(std::span<const std::uint16_t> ports) {
    std::uint16_t port = 1;
    while (port == 53 || std::ranges::count(ports, port) > 0) ++port;
    const sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket && errno == EAFNOSUPPORT) return {};
    if (!socket) return sys::fail_errno("socket");
    const sockaddr_in address{.sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr = {htonl(INADDR_LOOPBACK)},
                              .sin_zero = {}};
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    const int done = ::connect(socket.get(), generic, sizeof address);
    return require_denied(done != 0 && errno == EPERM, "connecting to an address of no row");
}

Result<> confine(const protocol::Handle& seccomp, const std::optional<protocol::Handle>& landlock) {
    const auto wanted = own_walls(landlock.has_value());
    sandbox::Standing standing;
    // The broker set PR_SET_PDEATHSIG before execve(2), which clears it if the SELinux domain
    // changes (security/selinux/hooks.c), so it is set again. If the broker died before, the
    // channel is closed and the worker ends by that.
    TRY(standing.add({Wall::end_with_parent}, sandbox::end_with_parent()));
    TRY(standing.add({Wall::not_dumpable}, sandbox::refuse_dumps()));
    if (wanted.has(Wall::mdwe)) TRY(standing.add({Wall::mdwe}, sandbox::refuse_new_code()));
    if (wanted.has(Wall::mseal)) TRY(standing.add({Wall::mseal}, seal_code()));
    TRY(standing.add({Wall::identity, Wall::capabilities, Wall::no_new_privs}, verify_identity()));
    const auto filter = TRY(sandbox::from_memfd(seccomp.fd));
    if (landlock) {
        TRY(standing.add({Wall::landlock}, sandbox::raise_ruleset(landlock->fd.get(), "/")));
    }
    if (wanted.has(Wall::landlock_net)) {
        TRY(standing.add({Wall::landlock_net}, verify_ports()));
    }
    // The filter comes last because it forbids the calls above.
    TRY(standing.add({Wall::seccomp}, raise_filter(filter)));
    return standing.require(wanted);
}

}  // namespace bulkhead::worker
