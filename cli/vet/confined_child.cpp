#include "cli/vet/confined_child.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include "cli/vet/rules.hpp"
#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/policy/parse.hpp"
#include "common/sandbox/child.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sandbox/seccomp.hpp"
#include "common/sandbox/walls.hpp"
#include "common/sys/exec.hpp"

namespace bulkhead::cli {

namespace {

using policy::Wall;
using Clock = std::chrono::steady_clock;
constexpr std::size_t kMaxOutput = 256_KiB;
constexpr int kRulesetFd = 4;  // follows the script's descriptor; close-on-exec
constexpr int kConfinementFailed = 125;

struct Walls {
    policy::Profile profile;
    sandbox::Filter filter;
    std::optional<sys::Fd> ruleset;
};

// `program` is one of ours or of the distribution's, also where it lies in a build tree.
Result<Walls> make_walls(const std::string& program) {
    auto rules = TRY(vet_rules());
    rules.profile.paths.push_back(
        {.access = policy::Access::execute, .path = program, .if_present = true});
    Walls walls{.profile = std::move(rules.profile),
                .filter = TRY(sandbox::compile(rules.calls)),
                .ruleset = {}};
    walls.ruleset = TRY(sandbox::make_ruleset(
        {.paths = walls.profile.paths, .writable = {}, .tcp_connect = std::nullopt},
        sandbox::landlock_abi()));
    return walls;
}

// Root becomes the user nobody. Another caller keeps its ids and gets no_new_privs.
Result<> shed_privileges(sandbox::Standing& standing) {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() != 0) {
        return standing.add({Wall::no_new_privs}, sandbox::forbid_new_privileges());
    }
    return standing.add(
        {Wall::identity, Wall::capabilities, Wall::no_new_privs},
        sandbox::assume_ids({.user = {kNobody, kNobody}, .groups = {}, .capabilities = 0}));
}

// Moves to an empty network namespace if the kernel allows it. In many containers and on some
// desktops it does not, unless the caller is root.
void leave_network() {
    if (::unshare(CLONE_NEWNET) != 0) ::unshare(CLONE_NEWUSER | CLONE_NEWNET);
}

Result<> set_limits(const policy::Profile& profile) {
    const auto set = [](int resource, std::uint64_t value) {
        return sandbox::set_limit(resource, value, value);
    };
    TRY(sandbox::forbid_core());
    TRY(set(RLIMIT_CPU, static_cast<std::uint64_t>(profile.max_timeout.count())));
    TRY(set(RLIMIT_FSIZE, profile.limits.file_size));
    TRY(set(RLIMIT_NOFILE, profile.limits.open_files));
    TRY(set(RLIMIT_MEMLOCK, profile.limits.locked_memory));
    ::umask(profile.umask);
    return {};
}

Result<> confine(const Walls& walls) {
    auto wanted = policy::kVetWalls;
    if (::geteuid() != 0) wanted = wanted.without({Wall::identity, Wall::capabilities});
    if (!walls.ruleset) wanted.remove(Wall::landlock);
    sandbox::Standing standing;
    leave_network();
    TRY(standing.add({Wall::limits}, set_limits(walls.profile)));
    TRY(shed_privileges(standing));
    TRY(standing.add({Wall::end_with_parent}, sandbox::end_with_parent()));
    const auto status = TRY(sandbox::own_status());
    if (walls.ruleset) {
        TRY(standing.add({Wall::landlock}, sandbox::raise_ruleset(kRulesetFd, "/")));
    }
    TRY(standing.add({Wall::seccomp}, sandbox::raise_filter(walls.filter, status)));
    return standing.require(wanted);
}

[[noreturn]] void be_child(const std::vector<std::string>& words, const Walls& walls,
                           const sys::Fd& script, const sys::Fd& output, Input input) {
    const sys::Argv argv(words);
    const sys::Argv environment({"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=/"});
    auto done = sys::place_descriptors(
        std::array{input == Input::standard ? sys::Placed{script.get()} : sys::Placed{},
                   sys::Placed{output.get()}, sys::Placed{output.get()}, sys::Placed{script.get()},
                   sys::Placed{walls.ruleset ? walls.ruleset->get() : sys::kNullDevice, false}});
    if (done) done = confine(walls);
    if (done) {
        ::execve(argv.program(), argv.get(), environment.get());
        done = sys::fail_errno(words[0]);
    }
    sys::say_and_exit(STDERR_FILENO, done.error().what, kConfinementFailed);
}

// Reads until the child closes its output or the deadline is over.
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

// Waits for the child, kills it at the deadline, and returns its exit status.
int wait_until(sandbox::Child child, Clock::time_point deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd wait{.fd = child.pidfd().get(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) child.kill();
    const int status = child.reap().status;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

Result<VetRules> vet_rules() {
    VetRules rules;
    rules.profile = TRY(policy::parse_profile("vet", "profiles/vet.profile", vet_profile()));
    rules.calls = TRY(policy::parse_seccomp("seccomp/vet.seccomp", vet_calls()));
    rules.calls.name = rules.profile.seccomp;
    return rules;
}

Result<Ran> run_confined(const std::vector<std::string>& words, std::string_view script,
                         std::chrono::milliseconds time, Input input) {
    const auto walls = TRY(make_walls(words[0]));
    const auto bytes = TRY(sys::sealed_memfd("script", as_bytes(script)));
    auto pipe = TRY(sys::make_pipe());
    const auto deadline = Clock::now() + time;
    auto child = TRY(
        sandbox::Child::start(0, -1, [&] { be_child(words, walls, bytes, pipe.write, input); }));
    pipe.write.reset();
    Ran ran;
    ran.output = collect(pipe.read, deadline);
    ran.exit_code = wait_until(std::move(child), deadline);
    if (ran.exit_code != kConfinementFailed) return ran;
    return fail("cannot be confined here: " + std::string(trimmed(ran.output)));
}

}  // namespace bulkhead::cli
