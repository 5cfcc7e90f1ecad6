#include "cli/vet/confined_child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include "common/base/strong.hpp"
#include "common/policy/parse.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sandbox/seccomp.hpp"

namespace bulkhead::cli {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMaxOutput = 256_KiB;
constexpr int kScriptFd = 3;
constexpr int kConfinementFailed = 125;

// In the grammar of policy/seccomp.
constexpr std::string_view kCalls =
    "default allow                     # user, Landlock and limits are the wall; this backs it\n"
    "errno EACCES socket               # a check needs no network\n"
    "errno EACCES socketpair           # nor company\n"
    "errno EPERM clone if arg0 lacks CLONE_THREAD   # threads, no other process\n"
    "errno ENOSYS clone3               # its flags cannot be seen; libc then uses clone\n"
    "errno EPERM fork                  # no other process\n"
    "errno EPERM vfork                 # no other process\n"
    "errno EPERM unshare               # no namespaces\n"
    "errno EPERM ptrace                # nobody to look at\n"
    "errno EPERM kill                  # nobody to disturb\n"
    "errno EPERM bpf                   # no programs inside the kernel\n"
    "errno ENOSYS io_uring_setup       # it acts without system calls\n"
    "errno EPERM userfaultfd           # a tool of exploits\n";

struct Walls {
    sandbox::Filter filter;
    std::optional<sys::Fd> ruleset;
};

Result<Walls> make_walls() {
    std::vector<policy::PathRule> paths;
    for (const char* path : {"/usr", "/bin", "/lib", "/lib64"}) {
        paths.push_back({policy::Access::execute, path, true, {}});
    }
    for (const char* path : {"/etc/ld.so.cache", "/dev/null", "/dev/urandom"}) {
        paths.push_back({policy::Access::read, path, true, {}});
    }
    Walls walls;
    walls.filter = TRY(sandbox::compile(TRY(policy::parse_seccomp("vet", kCalls))));
    walls.ruleset = TRY(sandbox::make_ruleset(
        {.paths = paths, .writable = {}, .tcp_connect = std::nullopt}, sandbox::landlock_abi()));
    return walls;
}

Result<> limit(__rlimit_resource resource, rlim_t value) {
    const rlimit both{value, value};
    if (::setrlimit(resource, &both) != 0) return sys::fail_errno("setrlimit");
    return {};
}

Result<> shed_privileges() {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0) {
        return sandbox::become({.user = {kNobody, kNobody}, .groups = {}, .capabilities = 0});
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return sys::fail_errno("no_new_privs");
    return {};
}

// Where it may: in many containers and on some desktops only root makes namespaces.
void leave_network() {
    if (::unshare(CLONE_NEWNET) != 0) ::unshare(CLONE_NEWUSER | CLONE_NEWNET);
}

Result<> confine(const Walls& walls) {
    leave_network();
    TRY(limit(RLIMIT_CORE, 1));  // at 0 a pipe in kernel.core_pattern is started, core(5)
    TRY(limit(RLIMIT_CPU, 10));
    TRY(limit(RLIMIT_FSIZE, 0));
    TRY(limit(RLIMIT_NOFILE, 64));
    TRY(shed_privileges());
    if (walls.ruleset) TRY(sandbox::restrict_self(walls.ruleset->get()));
    return sandbox::install(walls.filter);
}

// Standard descriptors and the script at their places; the ruleset is moved out of their way.
Result<> arrange(const sys::Fd& script, const sys::Fd& output, Walls& walls) {
    const auto above = [](int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, 16); };
    const sys::Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null) return sys::fail_errno("/dev/null");
    std::array<int, 4> from{null.get(), output.get(), output.get(), script.get()};
    for (int& fd : from) fd = above(fd);
    if (walls.ruleset) walls.ruleset = sys::Fd(above(walls.ruleset->get()));
    for (int place = 0; place <= kScriptFd; ++place) {
        if (::dup2(from[static_cast<std::size_t>(place)], place) < 0) {
            return sys::fail_errno("dup2");
        }
    }
    return {};
}

[[noreturn]] void be_child(const std::vector<std::string>& words, Walls& walls,
                           const sys::Fd& script, const sys::Fd& output) {
    std::vector<char*> argv;
    for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    char path[] = "PATH=/usr/bin:/bin";
    char language[] = "LC_ALL=C.UTF-8";
    char home[] = "HOME=/";
    std::array<char*, 4> environment{path, language, home, nullptr};
    const auto confined = [&]() -> Result<> {
        TRY(arrange(script, output, walls));
        TRY(confine(walls));
        // Whatever the caller left open is not the child's; what is ours closes at exec.
        ::syscall(SYS_close_range, kScriptFd + 1, ~0U, 0);
        return {};
    }();
    if (confined) ::execve(argv[0], argv.data(), environment.data());
    const auto why = confined ? sys::fail_errno(words[0]).error().what : confined.error().what;
    [[maybe_unused]] const auto put = ::write(STDERR_FILENO, why.data(), why.size());
    ::_exit(kConfinementFailed);
}

// Until the child closes its output or its time is over.
std::string collect(const sys::Fd& from, Clock::time_point deadline) {
    std::string text;
    std::array<char, 4096> buffer;
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd wait{.fd = from.get(), .events = POLLIN, .revents = 0};
        if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) == 0) return text;
        const auto got = ::read(from.get(), buffer.data(), buffer.size());
        if (got == 0 || (got < 0 && errno != EINTR)) return text;
        if (got > 0 && text.size() < kMaxOutput) {
            text.append(buffer.data(), static_cast<std::size_t>(got));
        }
    }
}

// Its exit status; a child that is still there at the deadline is killed.
int wait_until(pid_t child, Clock::time_point deadline) {
    const sys::Fd watch(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd wait{.fd = watch.get(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) {
        ::kill(child, SIGKILL);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

Result<Ran> run_confined(const std::vector<std::string>& words, std::string_view script,
                         std::chrono::milliseconds time) {
    auto walls = TRY(make_walls());
    const auto bytes = TRY(sys::sealed_memfd("script", as_bytes(script)));
    auto pipe = TRY(sys::make_pipe());
    const auto deadline = Clock::now() + time;
    const pid_t child = ::fork();
    if (child < 0) return sys::fail_errno("fork");
    if (child == 0) be_child(words, walls, bytes, pipe.write);
    pipe.write.reset();
    Ran ran;
    ran.output = collect(pipe.read, deadline);
    ran.exit_code = wait_until(child, deadline);
    if (ran.exit_code == kConfinementFailed) return fail("cannot be confined here: " + ran.output);
    return ran;
}

}  // namespace bulkhead::cli
