#include "broker/jobs/job_process.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <iterator>

#include "broker/jobs/prepared_view.hpp"
#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/policy/walls.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/sandbox/walls.hpp"
#include "common/sys/exec.hpp"
#include "common/view/job_view.hpp"

namespace bulkhead::broker {

namespace {

// Both are close-on-exec: the interpreter gets standard descriptors and no others.
constexpr int kReportFd = 3;
constexpr int kScriptFd = 4;
constexpr int kSpaceFd = 5;
constexpr int kGoFd = 6;
// Each report line is, by its first character, the step that failed, the wait status of the job
// (from its init), or a path that is not in its view.
constexpr char kFailureMark = '!';
constexpr char kStatusMark = '=';
constexpr char kRemarkMark = '+';
// The most remark lines. They precede the status, which must fit into what hear() reads.
constexpr std::size_t kMostTold = 20;

using policy::Wall;
using sandbox::differs;

struct Space {
    const char* file;  // in /proc/self/ns
    std::uint64_t flag;
    bool policy::Namespaces::*wanted;
};
constexpr std::array kSpaces{Space{"mnt", CLONE_NEWNS, &policy::Namespaces::mount},
                             Space{"net", CLONE_NEWNET, &policy::Namespaces::net},
                             Space{"ipc", CLONE_NEWIPC, &policy::Namespaces::ipc},
                             Space{"uts", CLONE_NEWUTS, &policy::Namespaces::uts},
                             Space{"pid", CLONE_NEWPID, &policy::Namespaces::pid}};

struct Spaces {
    std::array<std::string, kSpaces.size()> links;
    std::string user;
};
using Ruleset = std::optional<sys::Fd>;
// What the steps after become_job() need.
struct Ready {
    Ruleset ruleset;
    std::string script;  // its file
    sandbox::Standing standing;
};

// "mnt:[4026531841]" and so on: which ones the caller is in (namespaces(7)).
std::string own_space(const char* file) {
    std::array<char, 64> text{};
    const auto path = std::string("/proc/self/ns/") + file;
    const auto size = ::readlink(path.c_str(), text.data(), text.size());
    return {text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}
Spaces own_spaces() {
    Spaces spaces{.links = {}, .user = own_space("user")};
    for (std::size_t i = 0; i < kSpaces.size(); ++i) spaces.links[i] = own_space(kSpaces[i].file);
    return spaces;
}

Result<> require_spaces(const policy::Namespaces& wanted, const Spaces& brokers) {
    const auto own = own_spaces();
    for (std::size_t i = 0; i < kSpaces.size(); ++i) {
        const bool apart = own.links[i] != brokers.links[i];
        if (own.links[i].empty() || apart != wanted.*kSpaces[i].wanted) {
            return differs(std::string(kSpaces[i].file) + " namespace differs");
        }
    }
    return {};
}

Result<> set_limits(const JobPlan& plan) {
    const auto& limits = plan.profile.limits;
    const auto set = [](int resource, std::uint64_t value, bool wanted = true) {
        return wanted && value > 0 ? sandbox::set_limit(resource, value, value) : Result<>();
    };
    TRY(set(RLIMIT_FSIZE, limits.file_size));
    TRY(set(RLIMIT_NOFILE, limits.open_files));
    TRY(set(RLIMIT_NPROC, limits.pids, plan.limit_pids_by_user));
    return set(RLIMIT_AS, limits.memory, plan.limit_memory_by_process);
}

Result<> set_umask_and_nice(const policy::Profile& profile) {
    const auto mask = static_cast<mode_t>(profile.umask);
    ::umask(mask);
    if (::umask(mask) != mask) return differs("umask differs");
    // What is stricter already stays.
    if (::getpriority(PRIO_PROCESS, 0) >= profile.nice) return {};
    TRY(sys::check(::setpriority(PRIO_PROCESS, 0, profile.nice), "nice"));
    if (::getpriority(PRIO_PROCESS, 0) != profile.nice) return differs("nice differs");
    return {};
}

// Standard descriptors, the report, the script, the user namespace and the broker's word at their
// places; everything else closed.
Result<> arrange_descriptors(const JobPlan& plan, int out, int err, int report,
                             const sys::Fd& space, int go) {
    return sys::place_descriptors(
        std::array{sys::Placed{}, sys::Placed{out}, sys::Placed{plan.merged ? out : err},
                   sys::Placed{report, false}, sys::Placed{plan.script.get(), false},
                   space ? sys::Placed{space.get(), false} : sys::Placed{sys::kNullDevice, false},
                   sys::Placed{go, false}});
}

void tell(int report, char mark, const std::string& text) { sys::say_line(report, mark + text); }

// `file` is that of the script, for a job without a view.
Result<Ruleset> make_ruleset(const JobPlan& plan, std::vector<policy::PathRule> rows,
                             const std::string& file) {
    const auto& profile = plan.profile;
    if (!walls_of(plan).has(Wall::landlock)) return Ruleset();
    if (profile.namespaces.mount) {
        std::ranges::move(view::rows_of_every_job(plan.script_name), std::back_inserter(rows));
    } else if (!file.empty()) {
        rows.push_back({.access = policy::Access::execute, .path = file, .source = {}});
    }
    const bool may_kill = (profile.capabilities & sandbox::capability(CAP_KILL)) != 0;
    return TRY(sandbox::make_ruleset({.paths = rows,
                                      .writable = {},
                                      .tcp_connect = std::nullopt,
                                      .list_all = profile.namespaces.mount,
                                      .ask_daemons = profile.network == policy::Network::host,
                                      .signal_others = may_kill && !profile.namespaces.pid},
                                     plan.landlock_abi));
}

Result<> enter_space(const sys::Fd& space, const Spaces& brokers) {
    TRY(view::enter_user_namespace(space));
    if (own_space("user") == brokers.user) return differs("user namespace differs");
    return {};
}

// Runs in the child, in this order: files and mounts while still root, limits, then ids and
// capabilities. What must wait for exec is in restrict_before_exec().
Result<Ready> become_job(const JobPlan& plan, const Cgroup& cgroup, const Spaces& brokers,
                         const std::string& script, const view::JobView& view,
                         sandbox::Standing standing) {
    const auto& profile = plan.profile;
    TRY(standing.add({Wall::place}, cgroup.require_caller()));
    TRY(standing.add(cgroup.limited(), {}));  // by the broker, who has read it back
    auto ruleset = TRY(make_ruleset(plan, view.rows, script));
    if (profile.namespaces.mount) TRY(standing.add({Wall::job_view}, {}));
    const auto& left_out = view.left_out;
    for (std::size_t i = 0; i < std::min(left_out.size(), kMostTold); ++i) {
        tell(kReportFd, kRemarkMark, left_out[i]);
    }
    TRY(sys::check(::chdir("/"), "chdir /"));
    TRY(set_umask_and_nice(profile));
    TRY(standing.add({Wall::limits}, set_limits(plan)));
    const auto status = TRY(sandbox::own_status());
    if (plan.user_space) {
        sys::Fd space(kSpaceFd);
        TRY(standing.add({Wall::id_map}, enter_space(space, brokers)));
    }
    TRY(standing.add({Wall::identity, Wall::capabilities, Wall::no_new_privs},
                     within("identity", sandbox::assume_ids(plan.ids, &status))));
    // A broker that is killed takes the first process along, and a pid namespace with it; what else
    // there is goes when the next broker starts. After the change of ids, which clears it
    // (prctl(2)).
    TRY(standing.add({Wall::end_with_parent}, sandbox::end_with_parent()));
    // A broker that was killed before that call has closed the report (POLLERR, poll(2)).
    pollfd report{.fd = kReportFd, .events = 0, .revents = 0};
    if (::poll(&report, 1, 0) != 0) return fail("the broker is gone");
    const auto in_view = std::string(view::kScripts) + "/" + plan.script_name;
    return Ready{std::move(ruleset), profile.namespaces.mount ? in_view : script, standing};
}

Result<> enter(const Ruleset& ruleset, const policy::Profile& profile) {
    // A rule for / leaves nothing to try: it is for jobs that may read everything.
    const auto is_root = [](const policy::PathRule& rule) { return rule.path == "/"; };
    const bool all = std::ranges::any_of(profile.paths, is_root);
    const std::string closed = profile.namespaces.mount ? view::kClosed : "/";
    return sandbox::raise_ruleset(ruleset->get(), all ? "" : closed);
}

// Landlock and seccomp, which last over exec; the filter last, because it may forbid the other
// calls.
Result<> restrict_before_exec(const JobPlan& plan, const Ready& ready) {
    auto standing = ready.standing;
    const auto status = TRY(sandbox::own_status());  // first: Landlock may forbid to open it
    if (ready.ruleset) {
        TRY(standing.add({Wall::landlock}, enter(ready.ruleset, plan.profile)));
    }
    TRY(standing.add({Wall::seccomp}, sandbox::raise_filter(plan.filter, status)));
    return standing.require(walls_of(plan));
}

// Until the broker says that the start is on disk; at its death it says nothing.
Result<> wait_for_word() {
    char word = 0;
    while (::read(kGoFd, &word, 1) < 0 && errno == EINTR) {
    }
    return word != 0 ? Result<>() : fail("the broker gave no word");
}

// The exit status tells which kind of step failed: see JobStatus::differs().
[[noreturn]] void report_and_exit(int report, const Error& step, int status = 127) {
    if (step.kind == Error::Kind::differs) status = kDiffersExit;
    sys::say_and_exit(report, kFailureMark + step.what, status);
}

[[noreturn]] void run_interpreter(const JobPlan& plan, const Ready& ready) {
    ::setsid();
    auto words = plan.arguments;
    words.insert(words.begin(), plan.interpreter);
    words.push_back(ready.script);
    const sys::Argv argv(std::move(words));
    const sys::Argv environment(plan.environment);
    auto done = restrict_before_exec(plan, ready);
    if (done) done = wait_for_word();
    if (!done) report_and_exit(kReportFd, done.error());
    for (const auto& param : plan.paths) {
        const auto beneath = require_beneath(param);
        if (!beneath) report_and_exit(kReportFd, beneath.error(), kLeadsOutExit);
    }
    ::execve(argv.program(), argv.get(), environment.get());
    report_and_exit(kReportFd, sys::fail_errno("exec " + plan.interpreter).error());
}

// The first process of a new pid namespace is its init: signals without a handler do not reach it,
// and orphans become its children. So it stays behind as that, and the job is its child.
[[noreturn]] void be_init(const JobPlan& plan, const Ready& ready) {
    const pid_t job = ::fork();
    if (job < 0) report_and_exit(kReportFd, sys::fail_errno("fork in pid namespace").error());
    if (job == 0) run_interpreter(plan, ready);
    const auto done = ready.ruleset ? enter(ready.ruleset, plan.profile) : Result<>();
    if (!done) report_and_exit(kReportFd, done.error());
    for (;;) {
        int status = 0;
        const pid_t ended = ::waitpid(-1, &status, 0);
        if (ended == job) {
            // Not an exit code: that could not tell "exit 137" from "killed".
            tell(kReportFd, kStatusMark, std::to_string(status));
            while (plan.init_stays) ::pause();
            ::_exit(0);
        }
        if (ended < 0 && errno == ECHILD) ::_exit(0);
    }
}

}  // namespace

policy::WallSet walls_of(const JobPlan& plan) {
    constexpr policy::WallSet kOfCgroups{Wall::cgroup_memory, Wall::cgroup_pids, Wall::cgroup_cpu};
    auto walls = policy::walls_of_job(plan.profile).without(kOfCgroups) | plan.controllers;
    if (plan.landlock_abi == 0) walls.remove(Wall::landlock);
    if (plan.user_space != view::IdMap::files) walls.remove(Wall::id_map);
    return walls;
}

Result<JobPlan> make_plan(const policy::Profile& profile, const sandbox::Filter& filter,
                          int landlock_abi) {
    JobPlan plan;
    plan.profile = profile;
    plan.filter = filter;
    const auto account = TRY(sandbox::find_account(profile.user));
    plan.environment = account_environment(profile, account);
    plan.ids.user = account.user;
    plan.ids.user.gid = TRY(sandbox::find_group(profile.group));
    for (const auto& group : profile.groups) {
        plan.ids.groups.push_back(TRY(sandbox::find_group(group)));
    }
    plan.ids.capabilities = profile.capabilities;
    plan.landlock_abi = landlock_abi;
    if (policy::maps_ids(profile)) plan.user_space = view::IdMap::files;
    return plan;
}

std::vector<std::string> account_environment(const policy::Profile& profile,
                                             const sandbox::Account& account) {
    const bool view = profile.namespaces.mount;
    const auto holds = [&](std::string_view path, bool to_write) {
        return !view || std::ranges::any_of(profile.paths, [&](const auto& rule) {
            const bool kind = !to_write || rule.access == policy::Access::write;
            return kind && (rule.path == "/" || policy::lies_within(path, rule.path));
        });
    };
    const bool homeless =
        account.home.empty() || account.home == "/" || !holds(account.home, false);
    const bool shell = account.shell.ends_with("sh");
    return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG=C.UTF-8",
            "TERM=dumb",
            "HOME=" + (!homeless ? account.home
                       : view    ? view::kHome
                                 : "/tmp"),
            "USER=" + profile.user,
            "LOGNAME=" + profile.user,
            "SHELL=" + (shell ? account.shell : "/bin/sh"),
            std::string("TMPDIR=") + (holds("/tmp", true) ? "/tmp" : view::kShm)};
}

Result<std::vector<std::string>> try_job(const JobPlan& plan) {
    const auto text = TRY(sandbox::ask_child([&]() -> Result<std::string> {
        TRY(sys::check(::unshare(CLONE_NEWNS), "unshare"));
        MadeView made;
        TRY(make_view(plan, made));
        TRY(complete_view(plan, made, ""));
        TRY(make_ruleset(plan, made.view.rows, ""));
        std::string sentences;
        for (const auto& sentence : made.view.left_out) sentences += sentence + "\n";
        return sentences;
    }));
    std::vector<std::string> sentences;
    for (const auto line : split(text, '\n')) {
        if (!line.empty()) sentences.emplace_back(line);
    }
    return sentences;
}

Result<JobProcess> JobProcess::spawn(const JobPlan& plan, const Cgroup& cgroup, sys::Fd out,
                                     sys::Fd err, const std::string& script,
                                     const PreparedView* prepared) {
    auto report = TRY(sys::make_pipe());
    auto go = TRY(sys::make_pipe());
    TRY(sys::set_nonblocking(report.read, true));
    std::uint64_t flags = 0;
    for (const auto& space : kSpaces) {
        if (plan.profile.namespaces.*space.wanted) flags |= space.flag;
    }
    if (prepared != nullptr) flags &= ~static_cast<std::uint64_t>(CLONE_NEWNS);
    const auto brokers = own_spaces();
    auto child = TRY(sandbox::Child::start(flags, cgroup.fd(), [&] {
        // Until arrange_descriptors() has succeeded the report is not kReportFd yet.
        const auto here = [&](const Result<>& done) {
            if (!done) report_and_exit(report.write.get(), done.error());
        };
        MadeView own;
        const auto& made = prepared != nullptr ? prepared->made : own;
        sandbox::Standing standing;
        const auto stand_apart = [&] {
            const auto& wanted = plan.profile.namespaces;
            here(standing.add({Wall::namespaces}, require_spaces(wanted, brokers)));
        };
        if (prepared == nullptr) stand_apart();
        here(prepared != nullptr ? enter_view(*prepared) : make_view(plan, own));
        here(complete_view(plan, made, script));
        if (prepared != nullptr) stand_apart();  // a prepared view has a /proc from here on
        here(arrange_descriptors(plan, out.get(), err.get(), report.write.get(), made.space,
                                 go.read.get()));
        const auto ready = become_job(plan, cgroup, brokers, script, made.view, standing);
        if (!ready) report_and_exit(kReportFd, ready.error());
        if (plan.profile.namespaces.pid) be_init(plan, *ready);
        run_interpreter(plan, *ready);
    }));
    return JobProcess(std::move(child), std::move(report.read), std::move(go));
}

// A process that has ended hears nothing, and reap() tells why.
void JobProcess::let_go() {
    static_cast<void>(sys::write_all(go_.write, as_bytes("g")));
    go_ = {};
}

void JobProcess::hear() {
    constexpr std::size_t kMost = 16384;
    std::array<char, 4096> words{};
    for (ssize_t got = 1; got > 0 && words_.size() < kMost;) {
        got = ::read(report_.get(), words.data(), words.size());
        if (got > 0) words_.append(words.data(), static_cast<std::size_t>(got));
    }
}

bool JobProcess::job_has_ended() {
    hear();
    const auto lines = split(words_, '\n');
    return std::ranges::any_of(lines, [](auto line) { return line.starts_with(kStatusMark); });
}

Result<JobStatus> JobProcess::reap() {
    JobStatus status;
    const auto ended = child_.reap();
    status.wait_status = ended.status;
    status.max_rss_bytes = static_cast<std::uint64_t>(ended.usage.ru_maxrss) * 1024;
    hear();
    for (const auto line : split(words_, '\n')) {
        const auto text = line.substr(std::min<std::size_t>(1, line.size()));
        if (line.starts_with(kStatusMark)) {
            status.wait_status = TRY(parse_number<int>(text));
        } else if (line.starts_with(kRemarkMark)) {
            status.remarks.emplace_back(text);
        } else if (status.failed_step.empty()) {
            status.failed_step = text;  // an init and its job may fail at the same step
        }
    }
    return status;
}

}  // namespace bulkhead::broker
