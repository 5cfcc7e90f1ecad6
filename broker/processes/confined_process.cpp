#include "broker/processes/confined_process.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "common/sandbox/walls.hpp"
#include "common/sys/exec.hpp"
#include "common/sys/walk.hpp"
#include "common/view/worker_view.hpp"

namespace bulkhead::broker {

namespace {

using policy::Wall;

constexpr int kProgramFd = 4;  // after the channel, which the program expects as descriptor 3

bool withheld(std::string_view entry) {
    constexpr std::array kPrefixes{"LD_",           "GLIBC_",           "MALLOC_",
                                   "GCONV_PATH=",   "LOCPATH=",         "NLSPATH=",
                                   "NOTIFY_",       "WATCHDOG_",        "LISTEN_",
                                   "OPENSSL_CONF=", "OPENSSL_MODULES=", "OPENSSL_ENGINES=",
                                   "SSLKEYLOGFILE="};
    return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                       [&](const char* prefix) { return entry.starts_with(prefix); });
}

// Sends the mount namespace that CLONE_NEWNS made to the broker, which may not open it in
// /proc/PID/ns once the process has another user (ptrace(2), access mode checking).
Result<> hand_over_mounts(const link::Channel& channel) {
    const sys::Fd own(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    if (!own) return sys::fail_errno("/proc/self/ns/mnt");
    const int fd = own.get();
    return channel.send(as_bytes("mounts"), std::span(&fd, 1));
}

Result<> set_limits(const ProcessPlan& plan) {
    const auto& limits = plan.limits;
    const auto set = [](int resource, std::uint64_t value, bool wanted) {
        return wanted ? sandbox::set_limit(resource, value, value) : Result<>();
    };
    TRY(set(RLIMIT_NOFILE, limits.open_files, limits.open_files > 0));
    TRY(set(RLIMIT_FSIZE, limits.file_size, limits.file_size > 0));
    TRY(set(RLIMIT_MEMLOCK, limits.locked_memory, true));
    return set(RLIMIT_NPROC, limits.pids, plan.limit_threads_by_user && limits.pids > 0);
}

Result<> prepare_child(const ProcessPlan& plan, int channel, int output) {
    TRY(sys::place_descriptors(std::array{sys::Placed{}, sys::Placed{output}, sys::Placed{output},
                                          sys::Placed{channel}, sys::Placed{plan.program, false}}));
    ::setsid();
    TRY(sys::check(::chdir("/"), "chdir /"));
    ::umask(plan.umask);
    sandbox::Standing standing;
    TRY(standing.add({Wall::limits}, set_limits(plan)));
    TRY(standing.add(
        {Wall::identity, Wall::capabilities, Wall::no_new_privs},
        sandbox::assume_ids({.user = plan.user, .groups = {}, .capabilities = plan.capabilities})));
    // After the change of ids, which clears it (prctl(2)).
    TRY(standing.add({Wall::end_with_parent}, sandbox::end_with_parent()));
    return standing.require(policy::kRaisedBeforeExec);
}

[[noreturn]] void become_program(const ProcessPlan& plan, const link::Channel& channel,
                                 const sys::Fd& output, pid_t parent) {
    if (::dup2(output.get(), STDERR_FILENO) < 0) ::_exit(127);  // for what is said below
    auto done = plan.own_view ? hand_over_mounts(channel) : Result<>();
    if (done) done = prepare_child(plan, channel.fd(), output.get());
    if (done && ::getppid() != parent) done = fail("the broker is gone");
    if (done) {
        const sys::Argv argv(plan.arguments);
        const sys::Argv environment(plan.environment);
        ::syscall(SYS_execveat, kProgramFd, "", argv.get(), environment.get(), AT_EMPTY_PATH);
        done = sys::fail_errno("exec");
    }
    sys::say_and_exit(STDERR_FILENO, plan.name + ": " + done.error().what, 126);
}

std::vector<std::string> environment_if(const auto& wanted) {
    std::vector<std::string> taken;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        if (wanted(std::string_view(*entry))) taken.emplace_back(*entry);
    }
    return taken;
}

}  // namespace

Result<sys::Fd> open_program(const std::string& path, std::string_view what) {
    const auto found = TRY(within(std::string(what) + " " + path, sys::walk(path, "/")));
    TRY(sys::require_roots_file(found, path));
    return sys::reopen(found, O_RDONLY);
}

std::vector<std::string> environment_for_settings() {
    return environment_if([](std::string_view entry) { return !withheld(entry); });
}

std::vector<std::string> environment_for_network() {
    constexpr std::array<std::string_view, 3> kNames{"TZ", "LANG", "LC_ALL"};
    auto taken = environment_if([&](std::string_view entry) {
        return std::ranges::count(kNames, entry.substr(0, entry.find('='))) > 0;
    });
    // A distribution's libcurl loads GnuTLS for RTMP, which would build tables that nobody uses.
    taken.emplace_back("GNUTLS_NO_IMPLICIT_INIT=1");
    return taken;
}

Result<ConfinedProcess> ConfinedProcess::spawn(const ProcessPlan& plan) {
    if (plan.user.uid == 0 || plan.user.gid == 0) return fail(plan.name + " must not run as root");
    auto [ours, theirs] = TRY(link::Channel::pair());
    auto output = TRY(sys::make_pipe());
    TRY(sys::set_nonblocking(output.read, true));
    const std::uint64_t flags =
        (plan.own_view ? CLONE_NEWNS : 0) | (plan.network ? 0 : CLONE_NEWNET);
    auto child = TRY(sandbox::Child::start(flags, plan.cgroup, [&, parent = ::getpid()] {
        become_program(plan, theirs, output.write, parent);
    }));
    ConfinedProcess process(std::move(child), std::move(ours), std::move(output.read), plan);
    if (plan.own_view) {
        const sandbox::Raised raised(sandbox::capability(CAP_SYS_ADMIN));
        process.proc_ = TRY(view::fresh_proc());
        { const auto closed = std::move(theirs); }  // or receive() would not see the child's end
        auto packet = TRY(process.channel().receive());
        if (!packet || packet->descriptors.size() != 1) return fail(plan.name + " did not start");
        process.mounts_ = std::move(packet->descriptors[0]);
    }
    TRY(sys::set_nonblocking(process.channel().descriptor(), true));
    return process;
}

Result<> ConfinedProcess::close_view(std::span<const policy::PathRule> rows) {
    const auto mounts = std::move(mounts_);
    if (!mounts) return {};
    TRY(sandbox::in_child([&]() -> Result<> {
        TRY(sys::check(::setns(mounts.get(), CLONE_NEWNS), "setns"));
        return view::narrow_view(rows, proc_);
    }));
    proc_.reset();
    return view::require_narrow(pid(), rows);
}

Result<> ConfinedProcess::require_confined() const {
    // It is not reaped yet, so its pid cannot have been reused.
    const auto seen = TRY(sandbox::read_proc_status(pid()));
    TRY(sandbox::require_ids(seen, {.user = user_, .groups = {}, .capabilities = capabilities_}));
    if (seen.seccomp != 2) return fail("no seccomp filter");
    // It inherited the filters of the ceiling by fork(2), and must have added one of its own.
    const auto ours = TRY(sandbox::read_proc_status(::getpid())).filters;
    if (ours > 0 && seen.filters <= ours) return fail("no seccomp filter of its own");
    return {};
}

}  // namespace bulkhead::broker
