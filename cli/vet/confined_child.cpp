#include "cli/vet/confined_child.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/policy/parse.hpp"
#include "common/sandbox/child.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sandbox/seccomp.hpp"
#include "common/sys/exec.hpp"

namespace bulkhead::cli {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMaxOutput = 256_KiB;
constexpr int kRulesetFd = 4;  // after the script; closed when the program starts
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

// What the child is held to.
struct Held {
    policy::Profile profile;
    policy::SeccompList calls;
};

Result<Held> rules() {
    Held held;
    for (const char* path : {"/usr", "/bin", "/lib", "/lib64"}) {
        held.profile.paths.push_back({policy::Access::execute, path, true, {}});
    }
    for (const char* path : {"/etc/ld.so.cache", "/dev/null", "/dev/urandom"}) {
        held.profile.paths.push_back({policy::Access::read, path, true, {}});
    }
    held.profile.max_timeout = std::chrono::seconds(10);  // of processor time, too
    held.profile.limits.open_files = 64;
    held.calls = TRY(policy::parse_seccomp("vet", kCalls));
    return held;
}

struct Walls {
    policy::Profile profile;
    sandbox::Filter filter;
    std::optional<sys::Fd> ruleset;
};

Result<Walls> make_walls(Held held) {
    Walls walls{.profile = std::move(held.profile),
                .filter = TRY(sandbox::compile(held.calls)),
                .ruleset = {}};
    walls.ruleset = TRY(sandbox::make_ruleset(
        {.paths = walls.profile.paths, .writable = {}, .tcp_connect = std::nullopt},
        sandbox::landlock_abi()));
    return walls;
}

Result<> shed_privileges() {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0) {
        return sandbox::become({.user = {kNobody, kNobody}, .groups = {}, .capabilities = 0});
    }
    TRY(sys::check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs"));
    if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return sandbox::differs("no_new_privs");
    return {};
}

// Where it may: in many containers and on some desktops only root makes namespaces.
void leave_network() {
    if (::unshare(CLONE_NEWNET) != 0) ::unshare(CLONE_NEWUSER | CLONE_NEWNET);
}

Result<> set_limits(const policy::Profile& profile) {
    const auto seconds = static_cast<std::uint64_t>(profile.max_timeout.count());
    const auto& limits = profile.limits;
    TRY(sandbox::forbid_core());
    TRY(sandbox::set_limit(RLIMIT_CPU, seconds, seconds));
    TRY(sandbox::set_limit(RLIMIT_FSIZE, limits.file_size, limits.file_size));
    return sandbox::set_limit(RLIMIT_NOFILE, limits.open_files, limits.open_files);
}

Result<> confine(const Walls& walls) {
    leave_network();
    TRY(set_limits(walls.profile));
    TRY(shed_privileges());
    TRY(sys::check(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG"));
    if (walls.ruleset) TRY(sandbox::restrict_self(kRulesetFd));
    return sandbox::install(walls.filter);
}

[[noreturn]] void be_child(const std::vector<std::string>& words, const Walls& walls,
                           const sys::Fd& script, const sys::Fd& output) {
    const sys::Argv argv(words);
    const sys::Argv environment({"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=/"});
    auto done = sys::place_descriptors(
        std::array{sys::Placed{}, sys::Placed{output.get()}, sys::Placed{output.get()},
                   sys::Placed{script.get()},
                   sys::Placed{walls.ruleset ? walls.ruleset->get() : sys::kNullDevice, false}});
    if (done) done = confine(walls);
    if (done) {
        ::execve(argv.program(), argv.get(), environment.get());
        done = sys::fail_errno(words[0]);
    }
    sys::say_and_exit(STDERR_FILENO, done.error().what, kConfinementFailed);
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
int wait_until(sandbox::Child child, Clock::time_point deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd wait{.fd = child.pidfd().get(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) child.kill();
    const int status = child.reap().status;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

Result<Ran> run_confined(const std::vector<std::string>& words, std::string_view script,
                         std::chrono::milliseconds time) {
    const auto walls = TRY(make_walls(TRY(rules())));
    const auto bytes = TRY(sys::sealed_memfd("script", as_bytes(script)));
    auto pipe = TRY(sys::make_pipe());
    const auto deadline = Clock::now() + time;
    auto child =
        TRY(sandbox::Child::start(0, -1, [&] { be_child(words, walls, bytes, pipe.write); }));
    pipe.write.reset();
    Ran ran;
    ran.output = collect(pipe.read, deadline);
    ran.exit_code = wait_until(std::move(child), deadline);
    if (ran.exit_code != kConfinementFailed) return ran;
    return fail("cannot be confined here: " + std::string(trimmed(ran.output)));
}

}  // namespace bulkhead::cli
