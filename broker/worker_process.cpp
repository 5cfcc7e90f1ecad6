#include "broker/worker_process.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "broker/jobs/cgroup.hpp"
#include "common/sys/exec.hpp"
#include "common/view/worker_view.hpp"

namespace bulkhead::broker {

namespace {

constexpr int kProgramFd = 4;  // after its end of the channel, where it looks for that

// The environment is the service manager's and may hold settings; but what steers the loader, the
// allocator or TLS, and the service manager's own protocol, stays here.
bool withheld(std::string_view entry) {
    constexpr std::array kPrefixes{"LD_",           "GLIBC_",           "MALLOC_",
                                   "GCONV_PATH=",   "LOCPATH=",         "NLSPATH=",
                                   "NOTIFY_",       "WATCHDOG_",        "LISTEN_",
                                   "OPENSSL_CONF=", "OPENSSL_MODULES=", "OPENSSL_ENGINES=",
                                   "SSLKEYLOGFILE="};
    return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                       [&](const char* prefix) { return entry.starts_with(prefix); });
}

// The namespace that CLONE_NEWNS made, for the broker to work in: it may not look for it at a
// process of another user (ptrace(2), access mode checking).
Result<> hand_over_mounts(const link::Channel& channel) {
    const sys::Fd own(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    if (!own) return sys::fail_errno("/proc/self/ns/mnt");
    const int fd = own.get();
    return channel.send(as_bytes("mounts"), std::span(&fd, 1));
}

Result<> strip(const WorkerProgram& program, int channel) {
    // Standard output and error stay what the broker has.
    TRY(sys::place_descriptors(std::array{sys::Placed{}, sys::Placed{STDOUT_FILENO},
                                          sys::Placed{STDERR_FILENO}, sys::Placed{channel},
                                          sys::Placed{program.file.get(), false}}));
    ::setsid();
    TRY(sys::check(::chdir("/"), "chdir /"));
    ::umask(077);
    TRY(sandbox::set_limit(RLIMIT_NOFILE, 256, 256));
    TRY(sandbox::set_limit(RLIMIT_MEMLOCK, 0, 0));
    if (program.limit_threads_by_user) {
        TRY(sandbox::set_limit(RLIMIT_NPROC, kWorkerThreads, kWorkerThreads));
    }
    TRY(sandbox::become({.user = program.user, .groups = {}, .capabilities = 0}));
    // After the change of ids, which clears it (prctl(2)).
    return sys::check(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG");
}

[[noreturn]] void become_worker(const WorkerProgram& program, const link::Channel& channel,
                                pid_t parent) {
    auto done = program.own_view ? hand_over_mounts(channel) : Result<>();
    if (done) done = strip(program, channel.fd());
    if (done && ::getppid() != parent) done = fail("the broker is gone");
    if (done) {
        const sys::Argv argv(program.arguments);
        const sys::Argv environment(program.environment);
        ::syscall(SYS_execveat, kProgramFd, "", argv.get(), environment.get(), AT_EMPTY_PATH);
        done = sys::fail_errno("exec worker");
    }
    sys::say_and_exit(STDERR_FILENO, "worker: " + done.error().what, 126);
}

}  // namespace

Result<WorkerProgram> WorkerProgram::open(const std::string& path,
                                          const std::vector<std::string>& arguments,
                                          sandbox::User user) {
    WorkerProgram program;
    program.user = user;
    if (user.uid == 0 || user.gid == 0) return fail("the worker must not run as root");
    program.file = sys::Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!program.file) return sys::fail_errno("worker program " + path);
    TRY(sys::require_roots_file(program.file, path));
    program.arguments = {"bulkhead-worker"};
    program.arguments.insert(program.arguments.end(), arguments.begin(), arguments.end());
    for (char** entry = environ; *entry != nullptr; ++entry) {
        if (!withheld(*entry)) program.environment.emplace_back(*entry);
    }
    return program;
}

Result<WorkerProcess> WorkerProcess::spawn(const WorkerProgram& program, int cgroup) {
    auto [ours, theirs] = TRY(link::Channel::pair());
    auto child = TRY(sandbox::Child::start(
        program.own_view ? CLONE_NEWNS : 0, cgroup,
        [&, parent = ::getpid()] { become_worker(program, theirs, parent); }));
    WorkerProcess worker(std::move(child), std::move(ours));
    if (program.own_view) {
        const sandbox::Raised raised(sandbox::capability(CAP_SYS_ADMIN));
        worker.proc_ = TRY(view::fresh_proc());
        { const auto closed = std::move(theirs); }  // so that its death is seen
        auto packet = TRY(worker.channel().receive());
        if (!packet || packet->descriptors.size() != 1) return fail("the worker did not start");
        worker.mounts_ = std::move(packet->descriptors[0]);
    }
    TRY(sys::set_nonblocking(worker.channel().descriptor(), true));
    return worker;
}

Result<> WorkerProcess::close_view(std::span<const policy::PathRule> rows) {
    const auto mounts = std::move(mounts_);
    if (!mounts) return {};
    TRY(sandbox::in_child([&]() -> Result<> {
        TRY(sys::check(::setns(mounts.get(), CLONE_NEWNS), "setns"));
        return view::narrow_view(rows, proc_);
    }));
    proc_.reset();
    return view::require_narrow(pid(), rows);
}

Result<> WorkerProcess::require_confined(const sandbox::User& user) const {
    // Not reaped yet, so the number is still its own.
    const auto seen = TRY(sandbox::see(pid()));
    TRY(sandbox::require_identity(seen, {.user = user, .groups = {}, .capabilities = 0}));
    if (seen.seccomp != 2) return fail("no seccomp filter");
    // The ceiling came with fork(); the worker's own must lie above it.
    const auto ours = TRY(sandbox::see(::getpid())).filters;
    if (ours > 0 && seen.filters <= ours) return fail("no seccomp filter of its own");
    return {};
}

}  // namespace bulkhead::broker
