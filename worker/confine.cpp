#include "worker/confine.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "common/sandbox/landlock.hpp"
#include "common/sandbox/seccomp.hpp"
#include "worker/sealed_code.hpp"

namespace bulkhead::worker {

namespace {

// Linux 6.3; absent from Debian 12's headers.
constexpr int kSetMdwe = 65;
constexpr int kGetMdwe = 66;
constexpr unsigned long kRefuseExecGain = 1;

Result<> require_denied(bool denied, const char* what) {
    if (denied) return {};
    return fail(std::string("confinement does not hold: ") + what + " was possible");
}

Result<> hide_memory() {
    TRY(sys::check(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE"));
    return require_denied(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0, "being read from outside");
}

// The broker has asked for it before exec; where that brought a change of SELinux domain the kernel
// has forgotten it again (security/selinux/hooks.c). A broker gone before this closes the channel.
Result<> die_with_the_broker() {
    TRY(sys::check(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG"));
    int set = 0;
    TRY(sys::check(::prctl(PR_GET_PDEATHSIG, &set, 0, 0, 0), "PR_GET_PDEATHSIG"));
    return require_denied(set == SIGKILL, "outliving the broker");
}

// Where the kernel has no such thing the broker reports it as missing, asked in the same way.
Result<> refuse_new_code() {
    if (::prctl(kGetMdwe, 0, 0, 0, 0) < 0) return {};
    ::prctl(kSetMdwe, kRefuseExecGain, 0, 0, 0);
    const bool set = ::prctl(kGetMdwe, 0, 0, 0, 0) == static_cast<int>(kRefuseExecGain);
    return require_denied(set, "new executable memory");
}

// In no set. Those of an ambient one would be in the permitted and the inheritable, too.
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

// While the calls that ask are still allowed. The broker reads the same from outside, in /proc.
Result<> verify_identity() {
    TRY(require_denied(::setresuid(0, 0, 0) != 0, "becoming root"));
    const bool bare = !TRY(has_capabilities()) && ::getgroups(0, nullptr) == 0;
    TRY(require_denied(bare, "keeping a capability or group"));
    return require_denied(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
                          "gaining privileges by exec");
}

Result<> verify_landlock() {
    // World-readable by its mode, so only Landlock can say no.
    const int root = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root >= 0) ::close(root);
    return require_denied(root < 0, "listing /");
}

Result<> verify_seccomp() {
    TRY(require_denied(::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2, "running without a filter"));
    // The kernel would say EINVAL or EFAULT; the filter answers before it looks.
    const long made = ::syscall(SYS_clone3, nullptr, 0);
    return require_denied(made < 0 && errno == ENOSYS, "clone3");
}

}  // namespace

Result<> confine(const protocol::Handle& seccomp, const std::optional<protocol::Handle>& landlock) {
    TRY(die_with_the_broker());
    TRY(hide_memory());
    TRY(refuse_new_code());
    TRY(seal_code());
    TRY(verify_identity());
    const auto filter = TRY(sandbox::from_memfd(seccomp.fd));
    if (landlock) {
        TRY(sandbox::restrict_self(landlock->fd.get()));
        TRY(verify_landlock());
    }
    TRY(sandbox::install(filter));  // last: it forbids the calls above
    return verify_seccomp();
}

}  // namespace bulkhead::worker
