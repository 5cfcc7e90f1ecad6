#include "broker/jobs/job_process.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "broker/jobs/job_view.hpp"
#include "common/base/parse.hpp"
#include "common/sandbox/landlock.hpp"

namespace bulkhead::broker {

namespace {

// Where the script stands in the job: the interpreter opens it through /proc/self/fd.
constexpr int kScriptFd = 3;
constexpr int kReportFd = 4;

Result<> call(int code, std::string_view what) {
    if (code == 0) return {};
    return sys::fail_errno(what);
}

Result<> set_limit(__rlimit_resource resource, std::uint64_t value) {
    const rlimit both{value, value};
    return call(::setrlimit(resource, &both), "setrlimit");
}

Result<> set_limits(const JobPlan& plan) {
    const auto& limits = plan.profile.limits;
    if (limits.file_size > 0) TRY(set_limit(RLIMIT_FSIZE, limits.file_size));
    if (limits.open_files > 0) TRY(set_limit(RLIMIT_NOFILE, limits.open_files));
    if (plan.limit_pids_by_user && limits.pids > 0) TRY(set_limit(RLIMIT_NPROC, limits.pids));
    if (plan.limit_memory_by_process && limits.memory > 0) TRY(set_limit(RLIMIT_AS, limits.memory));
    return {};
}

// CLONE_CLEAR_SIGHAND leaves ignored signals ignored, and so does exec: a service manager starts us
// without SIGPIPE, and `producer | head` of a script would never end.
void reset_signals() {
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Standard descriptors, the script and the report at their places; everything else closed.
Result<> arrange_descriptors(const JobPlan& plan, int out, int err, int report) {
    const sys::Fd null(::open("/dev/null", O_RDWR));
    if (!null) return sys::fail_errno("/dev/null");
    std::array<int, 5> from{null.get(), out, plan.merged ? out : err, plan.script.get(), report};
    // Above every target first, so that no dup2 overwrites a source.
    for (int& fd : from) {
        fd = ::fcntl(fd, F_DUPFD, 16);
        if (fd < 0) return sys::fail_errno("duplicate descriptor");
    }
    for (int place = 0; place < static_cast<int>(from.size()); ++place) {
        const int flags = place == kReportFd ? O_CLOEXEC : 0;
        if (::dup3(from[static_cast<std::size_t>(place)], place, flags) < 0) {
            return sys::fail_errno("dup3");
        }
    }
    return call(static_cast<int>(::syscall(SYS_close_range, kReportFd + 1, ~0U, 0)), "close_range");
}

// In the child. The order is the design: files while still root, ids, then the doors.
Result<> become_job(const JobPlan& plan) {
    const auto& profile = plan.profile;
    TRY(make_view(profile));
    TRY(call(::chdir("/"), "chdir /"));
    ::umask(static_cast<mode_t>(profile.umask));
    TRY(set_limits(plan));
    if (profile.nice != 0) TRY(call(::setpriority(PRIO_PROCESS, 0, profile.nice), "nice"));
    // Here, for the rules bind to what these paths are in the job's own view.
    const auto ruleset = TRY(sandbox::make_ruleset(
        {.paths = profile.paths, .writable = {}, .tcp_connect = std::nullopt}, plan.landlock_abi));
    TRY(within("identity", sandbox::become(plan.identity)));
    if (ruleset) TRY(sandbox::restrict_self(ruleset->get()));
    // A broker that is killed takes the first process along, and a pid namespace with it; what else
    // there is goes when the next broker starts. After the change of ids, which clears it
    // (prctl(2)).
    TRY(call(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG"));
    // Killed before that: then nobody reads the report any more.
    pollfd report{.fd = kReportFd, .events = 0, .revents = 0};
    if (::poll(&report, 1, 0) != 0) return fail("the broker is gone");
    return {};
}

[[noreturn]] void report_and_exit(int report, const std::string& step) {
    [[maybe_unused]] const auto put = ::write(report, step.data(), step.size());
    ::_exit(127);
}

[[noreturn]] void run_interpreter(const JobPlan& plan) {
    ::setsid();
    std::string program = plan.interpreter;
    std::string script = "/proc/self/fd/" + std::to_string(kScriptFd);
    char* const argv[] = {program.data(), script.data(), nullptr};
    std::vector<char*> environment;
    for (const auto& entry : plan.environment) {
        environment.push_back(const_cast<char*>(entry.c_str()));
    }
    environment.push_back(nullptr);
    // Last: it may forbid calls made above. It stays over exec.
    if (const auto done = sandbox::install(plan.filter); !done) {
        report_and_exit(kReportFd, done.error().what);
    }
    ::execve(program.c_str(), argv, environment.data());
    report_and_exit(kReportFd, sys::fail_errno("exec " + plan.interpreter).error().what);
}

// The first process of a new pid namespace is its init: signals without a handler do not reach it,
// and orphans become its children. So it stays behind as that, and the job is its child.
[[noreturn]] void be_init(const JobPlan& plan) {
    const pid_t job = ::fork();
    if (job < 0) report_and_exit(kReportFd, "fork in pid namespace");
    if (job == 0) run_interpreter(plan);
    for (;;) {
        int status = 0;
        const pid_t ended = ::waitpid(-1, &status, 0);
        if (ended == job) {
            // Not an exit code: that could not tell "exit 137" from "killed". The line before it
            // is the job's: the step that failed, or nothing.
            const std::string word = "\n" + std::to_string(status);
            [[maybe_unused]] const auto put = ::write(kReportFd, word.data(), word.size());
            ::_exit(0);
        }
        if (ended < 0 && errno == ECHILD) ::_exit(0);
    }
}

}  // namespace

Result<JobPlan> make_plan(const policy::Profile& profile, const sandbox::Filter& filter,
                          int landlock_abi) {
    JobPlan plan;
    plan.profile = profile;
    plan.filter = filter;
    plan.identity.user = TRY(within("profile " + profile.name, sandbox::find_user(profile.user)));
    plan.identity.user.gid =
        TRY(within("profile " + profile.name, sandbox::find_group(profile.group)));
    for (const auto& group : profile.groups) {
        plan.identity.groups.push_back(TRY(sandbox::find_group(group)));
    }
    plan.identity.capabilities = profile.capabilities;
    plan.landlock_abi = landlock_abi;
    return plan;
}

Result<JobProcess> JobProcess::spawn(const JobPlan& plan, const Cgroup& cgroup, sys::Fd out,
                                     sys::Fd err) {
    auto report = TRY(sys::make_pipe());
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = CLONE_PIDFD | CLONE_INTO_CGROUP | CLONE_CLEAR_SIGHAND;
    const auto& spaces = plan.profile.namespaces;
    if (spaces.mount) arguments.flags |= CLONE_NEWNS;
    if (spaces.net) arguments.flags |= CLONE_NEWNET;
    if (spaces.ipc) arguments.flags |= CLONE_NEWIPC;
    if (spaces.uts) arguments.flags |= CLONE_NEWUTS;
    if (spaces.pid) arguments.flags |= CLONE_NEWPID;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    arguments.exit_signal = SIGCHLD;
    arguments.cgroup = static_cast<std::uint64_t>(cgroup.fd());
    const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
    if (pid < 0) return sys::fail_errno("clone3");
    if (pid == 0) {
        reset_signals();
        // Until descriptors are in place the report is where the pipe was made.
        if (const auto done = arrange_descriptors(plan, out.get(), err.get(), report.write.get());
            !done) {
            report_and_exit(report.write.get(), done.error().what);
        }
        if (const auto done = become_job(plan); !done) {
            report_and_exit(kReportFd, done.error().what);
        }
        if (plan.profile.namespaces.pid) be_init(plan);
        run_interpreter(plan);
    }
    TRY(sys::set_nonblocking(report.read, true));
    return JobProcess(pid, sys::Fd(pidfd), std::move(report.read));
}

Result<JobStatus> JobProcess::reap() {
    JobStatus status;
    rusage usage{};
    pid_t ended;
    do {
        ended = ::wait4(pid_, &status.wait_status, 0, &usage);
    } while (ended < 0 && errno == EINTR);
    if (ended != pid_) return sys::fail_errno("wait4");
    status.max_rss_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
    std::string words(512, '\0');
    const ssize_t got = ::read(report_.get(), words.data(), words.size());
    words.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    const auto line_end = words.find('\n');
    status.failed_step = words.substr(0, line_end);
    if (line_end != words.npos) {
        status.wait_status = TRY(parse_number<int>(std::string_view(words).substr(line_end + 1)));
    }
    return status;
}

}  // namespace bulkhead::broker
