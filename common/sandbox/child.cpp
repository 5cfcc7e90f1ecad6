#include "common/sandbox/child.hpp"

#include <linux/sched.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "common/sandbox/privileges.hpp"

namespace bulkhead::sandbox {

namespace {

constexpr int kPatienceMs = 500;

// execve(2) keeps ignored signals ignored. systemd starts services with SIGPIPE ignored
// (systemd.exec(5), IgnoreSIGPIPE=), and with it `producer | head` in a script would not end.
void reset_signals() {
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

Result<Child> Child::start(std::uint64_t flags, int cgroup, const std::function<void()>& act) {
    const Raised raised(kAllCapabilities);  // the child inherits the effective set
    const pid_t parent = ::getpid();
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = flags | CLONE_PIDFD | (cgroup < 0 ? 0 : CLONE_INTO_CGROUP);
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    arguments.exit_signal = SIGCHLD;
    arguments.cgroup = static_cast<std::uint64_t>(cgroup);
    auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
    // A container's seccomp filter may refuse clone3(2) with ENOSYS, because it cannot inspect the
    // struct. clone(2) takes the same flags, but no cgroup.
    if (pid < 0 && errno == ENOSYS && cgroup < 0) {
        const auto all = arguments.flags | arguments.exit_signal;
        pid = static_cast<pid_t>(::syscall(SYS_clone, all, nullptr, &pidfd, nullptr, nullptr));
    }
    if (pid < 0) return sys::fail_errno("clone3");
    if (pid == 0) {
        // It has the descriptors of its parent, locks among them, so it must not outlive it. In a
        // new pid namespace getppid(2) is 0.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if ((flags & CLONE_NEWPID) == 0 && ::getppid() != parent) ::_exit(127);
        reset_signals();
        act();
        ::_exit(127);
    }
    return Child(pid, sys::Fd(pidfd));
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), pidfd_(std::move(other.pidfd_)) {}

Child::~Child() {
    if (pid_ == 0) return;
    kill();
    pollfd end{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&end, 1, kPatienceMs) == 1) reap();
}

void Child::kill() const { ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0); }

Child::Ended Child::reap() {
    Ended ended;
    while (::wait4(pid_, &ended.status, 0, &ended.usage) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return ended;
}

Result<std::string> ask_child(const std::function<Result<std::string>()>& act) {
    constexpr std::uint64_t kMost = 61440;  // bytes; fits into a pipe, so the child never waits
    auto report = TRY(sys::make_pipe());
    auto child = TRY(Child::start(0, -1, [&] {
        const auto done = act();
        const auto& text = done ? *done : done.error().what;
        static_cast<void>(sys::write_all(
            report.write, as_bytes(text).first(std::min<std::size_t>(text.size(), kMost))));
        ::_exit(done ? 0 : 1);
    }));
    report.write.reset();
    auto said = TRY(sys::read_to_end(report.read, kMost));
    if (child.reap().status == 0) return said;
    return fail(said.empty() ? "a child process died" : std::move(said));
}

Result<> in_child(const std::function<Result<>()>& act) {
    TRY(ask_child([&]() -> Result<std::string> {
        TRY(act());
        return "";
    }));
    return {};
}

}  // namespace bulkhead::sandbox
