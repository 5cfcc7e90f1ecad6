#include "broker/upgrade/trial.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "common/sandbox/landlock.hpp"
#include "common/sandbox/walls.hpp"
#include "common/sys/exec.hpp"

namespace bulkhead::broker {

namespace {

using policy::Wall;

constexpr int kProgramFd = 3, kRulesetFd = 4;  // both close-on-exec
constexpr int kNotConfined = 126;

// Raised by the child before execve(2); all of them, less what the kernel lacks.
constexpr policy::WallSet kTrialWalls = policy::kVetWalls;

struct Walls {
    const policy::Profile& profile;
    const sandbox::Filter& filter;
    std::optional<sys::Fd> ruleset;
};

Result<> set_limits(const policy::Profile& profile) {
    const auto set = [](int resource, std::uint64_t value) {
        return sandbox::set_limit(resource, value, value);
    };
    TRY(set(RLIMIT_NOFILE, profile.limits.open_files));
    TRY(set(RLIMIT_FSIZE, profile.limits.file_size));
    return set(RLIMIT_MEMLOCK, profile.limits.locked_memory);
}

Result<> confine(const Walls& walls, const sandbox::User& user) {
    const auto& profile = walls.profile;
    auto wanted = kTrialWalls;
    if (!walls.ruleset) wanted.remove(Wall::landlock);
    ::setsid();
    ::umask(profile.umask);
    sandbox::Standing standing;
    TRY(standing.add({Wall::limits}, set_limits(profile)));
    TRY(standing.add(
        {Wall::identity, Wall::capabilities, Wall::no_new_privs},
        sandbox::assume_ids({.user = user, .groups = {}, .capabilities = profile.capabilities})));
    TRY(standing.add({Wall::end_with_parent}, sandbox::end_with_parent()));
    const auto status = TRY(sandbox::own_status());
    // No place is closed to reading, so there is none to try.
    if (walls.ruleset) TRY(standing.add({Wall::landlock}, sandbox::raise_ruleset(kRulesetFd, "")));
    TRY(standing.add({Wall::seccomp}, sandbox::raise_filter(walls.filter, status)));
    return standing.require(wanted);
}

[[noreturn]] void become(const Trial::Plan& plan, const Walls& walls, const sys::Fd& output) {
    auto done = sys::place_descriptors(
        std::array{sys::Placed{}, sys::Placed{output.get()}, sys::Placed{output.get()},
                   sys::Placed{plan.program.get(), false},
                   sys::Placed{walls.ruleset ? walls.ruleset->get() : sys::kNullDevice, false}});
    if (done) done = confine(walls, plan.user);
    if (done) {
        const sys::Argv argv(plan.arguments);
        const sys::Argv environment(plan.environment);
        ::syscall(SYS_execveat, kProgramFd, "", argv.get(), environment.get(), AT_EMPTY_PATH);
        done = sys::fail_errno("exec");
    }
    sys::say_and_exit(STDERR_FILENO, done.error().what, kNotConfined);
}

}  // namespace

Result<std::unique_ptr<Trial>> Trial::start(sys::Loop& loop, const Plan& plan,
                                            std::function<void(End)> ended) {
    const auto* profile = policy::find(plan.policy.policy.parts, kProfile);
    if (profile == nullptr) return fail("policy has no profiles/" + std::string(kProfile));
    Walls walls{.profile = *profile, .filter = plan.policy.filter_of(kProfile), .ruleset = {}};
    const std::span<const std::uint16_t> no_port;
    walls.ruleset = TRY(sandbox::make_ruleset(
        {.paths = profile->paths, .writable = {}, .tcp_connect = no_port}, plan.landlock_abi));
    auto pipe = TRY(sys::make_pipe());
    TRY(sys::set_nonblocking(pipe.read, true));
    const auto cgroup = TRY(plan.cgroups.make(kProfile, profile->limits));
    auto child = TRY(
        sandbox::Child::start(CLONE_NEWNET, cgroup.fd(), [&] { become(plan, walls, pipe.write); }));
    std::unique_ptr<Trial> trial(
        new Trial(loop, std::move(child), std::move(pipe.read), std::move(ended)));
    TRY(trial->follow(profile->greeting));
    return trial;
}

Result<> Trial::follow(std::chrono::seconds time) {
    TRY(loop_.watch(output_.get(), EPOLLIN, [this](std::uint32_t) { read_output(); }));
    TRY(loop_.watch(child_.pidfd().get(), EPOLLIN, [this](std::uint32_t) { on_ended(); }));
    limit_ = loop_.after(time, [this] {
        late_ = true;
        child_.kill();
    });
    return {};
}

Trial::~Trial() {
    loop_.cancel(limit_);
    loop_.forget(output_.get());
    loop_.forget(child_.pidfd().get());
}

// A turn of the loop reads once, however much it writes.
void Trial::read_output() {
    std::array<char, 4096> buffer{};
    const auto got = ::read(output_.get(), buffer.data(), buffer.size());
    if (got <= 0) return loop_.forget(output_.get());
    const auto room = kMostSaid - said_.size();
    said_.append(buffer.data(), std::min(static_cast<std::size_t>(got), room));
}

void Trial::on_ended() {
    loop_.cancel(limit_);
    loop_.forget(child_.pidfd().get());
    const int status = child_.reap().status;
    while (said_.size() < kMostSaid) {
        const auto before = said_.size();
        read_output();
        if (said_.size() == before) break;
    }
    loop_.forget(output_.get());
    End end{.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1, .said = said_, .how = {}};
    end.how = late_                 ? "it had not ended in time"
              : WIFSIGNALED(status) ? "it was killed by signal " + std::to_string(WTERMSIG(status))
                                    : "it ended with exit status " + std::to_string(end.exit);
    ended_(std::move(end));
}

}  // namespace bulkhead::broker
