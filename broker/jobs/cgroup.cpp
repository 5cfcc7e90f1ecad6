#include "broker/jobs/cgroup.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "common/base/parse.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/mounts.hpp"

namespace bulkhead::broker {

namespace {

struct Controller {
    policy::Wall wall;
    std::string_view name;
};
constexpr std::array kControllers{Controller{policy::Wall::cgroup_memory, "memory"},
                                  Controller{policy::Wall::cgroup_pids, "pids"},
                                  Controller{policy::Wall::cgroup_cpu, "cpu"}};

Result<> put(const sys::Dir& dir, std::string_view file, std::string_view text) {
    const auto fd = TRY(dir.open_at(file, O_WRONLY));
    return within(file, sys::write_all(fd, as_bytes(text)));
}

Result<std::string> get(const sys::Dir& dir, std::string_view file) {
    return sys::read_to_end(TRY(dir.open_at(file, O_RDONLY)), 1_MiB);
}

// "key value" lines, as cgroup.events and cpu.stat have them.
Result<std::uint64_t> flat_value(const sys::Dir& dir, std::string_view file, std::string_view key) {
    const auto text = TRY(get(dir, file));
    for (const auto line : split(text, '\n')) {
        const auto parts = words(line);
        if (parts.size() == 2 && parts[0] == key) return parse_number<std::uint64_t>(parts[1]);
    }
    return fail(std::string(file) + ": no " + std::string(key));
}

// Which directory of cgroup2 holds a process.
Result<std::string> path_of(const std::string& process = "self") {
    const auto groups = TRY(TRY(sys::Dir::open("/proc/" + process)).read_file("cgroup", 64_KiB));
    for (const auto line : split(groups, '\n')) {
        if (line.starts_with("0::")) return std::string(line.substr(3));
    }
    return fail("/proc/" + process + "/cgroup: no line for cgroup2", ENOENT);
}

Result<> require_path(const std::string& path, std::string_view end) {
    if (path.ends_with(end)) return {};
    return sandbox::differs("cgroup differs");
}

Result<sys::Dir> own_cgroup() {
    const auto mounts = TRY(TRY(sys::Dir::open("/proc/self")).read_file("mountinfo", 4_MiB));
    for (const auto& mount : sys::parse_mounts(mounts)) {
        if (mount.type != "cgroup2") continue;
        return sys::Dir::open(std::string(mount.place) + TRY(path_of()));
    }
    return fail("no cgroup2 file system is mounted", ENOENT);
}

// The directories in one of cgroup2: what else is there are files that go with it.
std::vector<std::string> beneath(const sys::Dir& dir) {
    auto entries = dir.list().value_or(std::vector<std::string>{});
    std::erase_if(entries, [&](const std::string& entry) {
        struct stat info {};
        return ::fstatat(dir.fd(), entry.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 ||
               !S_ISDIR(info.st_mode);
    });
    return entries;
}

// Depth first.
void remove_tree(const sys::Dir& parent, const std::string& name) {
    if (const auto dir = parent.open_dir(name)) {
        for (const auto& entry : beneath(*dir)) remove_tree(*dir, entry);
    }
    ::unlinkat(parent.fd(), name.c_str(), AT_REMOVEDIR);
}

// 0 is a process of an outer pid namespace: none of ours.
Result<std::vector<pid_t>> processes_in(const sys::Dir& dir) {
    std::vector<pid_t> pids;
    const auto text = TRY(get(dir, "cgroup.procs"));
    for (const auto line : split(text, '\n')) {
        const auto pid = parse_number<pid_t>(line).value_or(0);
        if (pid > 1) pids.push_back(pid);
    }
    return pids;
}

void collect(const sys::Dir& dir, std::vector<pid_t>& pids) {
    const auto own = processes_in(dir).value_or(std::vector<pid_t>{});
    pids.insert(pids.end(), own.begin(), own.end());
    for (const auto& name : beneath(dir)) {
        if (const auto child = dir.open_dir(name)) collect(*child, pids);
    }
}

// Writes the limits and returns the controllers that hold `dir` then. Where a file is missing the
// controller is, too: CgroupTree::missing() tells it, and rlimits are used instead.
Result<policy::WallSet> limit(const sys::Dir& dir, const policy::Limits& limits) {
    policy::WallSet held;
    const auto set = [&](policy::Wall wall, const std::string& file,
                         const std::string& value) -> Result<> {
        if (::faccessat(dir.fd(), file.c_str(), W_OK, 0) != 0) return {};
        TRY(put(dir, file, value));
        if (TRY(get(dir, file)) != value + "\n") return sandbox::differs(file + " differs");
        held.add(wall);
        return {};
    };
    if (limits.memory > 0) {
        // In whole pages, as the kernel counts.
        const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
        const auto most = std::to_string(limits.memory / page * page);
        TRY(set(policy::Wall::cgroup_memory, "memory.max", most));
        TRY(set(policy::Wall::cgroup_memory, "memory.swap.max", "0"));
        TRY(set(policy::Wall::cgroup_memory, "memory.oom.group", "1"));
    }
    if (limits.pids > 0) {
        TRY(set(policy::Wall::cgroup_pids, "pids.max", std::to_string(limits.pids)));
    }
    if (limits.cpu_percent > 0) {
        const auto share = std::to_string(limits.cpu_percent * 1000) + " 100000";
        TRY(set(policy::Wall::cgroup_cpu, "cpu.max", share));
    }
    return held;
}

Result<bool> populated(const sys::Fd& events) {
    const auto text = sys::read_from_start(events, 4_KiB);
    // ENODEV: the cgroup was removed, which a job that is root may do after it has left it.
    if (!text && text.error().code == ENODEV) return false;
    return TRY(text).find("populated 0") == std::string::npos;
}

// A killed process takes a moment to end, and a populated cgroup cannot be removed (EBUSY), so
// whoever removes one waits for it: 5 s at most.
constexpr int kRounds = 50;
void wait_for_change(const sys::Fd& events) {
    pollfd change{.fd = events.get(), .events = POLLPRI, .revents = 0};
    ::poll(&change, 1, 100);
}

}  // namespace

Cgroup::~Cgroup() {
    if (name_.empty()) return;  // moved from
    for (int round = 0; round < kRounds && populated().value_or(false); ++round) {
        static_cast<void>(kill());
        wait_for_change(events_);
    }
    remove_tree(parent_, name_);
}

Result<bool> Cgroup::populated() const { return broker::populated(events_); }

Result<> Cgroup::require_caller() const { return require_path(TRY(path_of()), end_); }

std::vector<pid_t> Cgroup::processes() const {
    std::vector<pid_t> pids;
    collect(dir_, pids);
    return pids;
}

// Writing cgroup.freeze asks for it; cgroup.events tells when it is done. A process that sleeps in
// the kernel may take long, so root waits 0.2 s at most.
Result<> Cgroup::freeze() const {
    TRY(put(dir_, "cgroup.freeze", "1"));
    for (int round = 0; round < 20; ++round) {
        const auto text = TRY(sys::read_from_start(events_, 4_KiB));
        if (text.find("frozen 1") != text.npos) break;
        pollfd change{.fd = events_.get(), .events = POLLPRI, .revents = 0};
        ::poll(&change, 1, 10);
    }
    return {};
}

// Frozen meanwhile, if that takes no longer than 0.2 s, so that nothing forks and no pid is reused;
// what was forked all the same is found by the next round.
Result<> Cgroup::signal_each(int signal) const {
    TRY(freeze());
    const auto pids = processes_in(dir_);
    for (const auto pid : pids.value_or(std::vector<pid_t>{})) ::kill(pid, signal);
    TRY(put(dir_, "cgroup.freeze", "0"));
    return pids ? Result<>() : std::unexpected(pids.error());
}

Result<> Cgroup::terminate() const { return signal_each(SIGTERM); }

Result<> Cgroup::kill() const {
    return put(dir_, "cgroup.kill", "1") ? Result<>() : signal_each(SIGKILL);
}

Cgroup::Usage Cgroup::usage() const {
    Usage usage;
    usage.cpu_us = flat_value(dir_, "cpu.stat", "usage_usec").value_or(0);
    usage.oom_killed = flat_value(dir_, "memory.events", "oom_kill").value_or(0) > 0;
    const auto peak = get(dir_, "memory.peak").value_or("");
    usage.peak_bytes =
        parse_number<std::uint64_t>(std::string_view(peak).substr(0, peak.find('\n'))).value_or(0);
    return usage;
}

Result<CgroupTree> CgroupTree::create(const std::string& label) {
    const auto name = "bulkhead-" + label;
    auto base = own_cgroup();
    auto made =
        base ? within("cgroup2", base->make_dir(name, 0755)) : std::unexpected(base.error());
    // In a container there may be none, none that is this process's, or none to write to.
    const int code = made ? 0 : made.error().code;
    if (code == ENOENT || code == EROFS || code == EACCES) return CgroupTree(made.error().what);
    auto own = TRY(std::move(made));
    const auto agent = TRY(own.make_dir("agent", 0755));
    TRY(put(agent, "cgroup.procs", "0"));
    auto jobs = TRY(own.make_dir("jobs", 0755));
    const auto clear = [](const sys::Dir& parent, const std::string& entry) -> Result<> {
        auto old = parent.open_dir(entry);
        if (!old) return {};
        auto events = TRY(old->open_at("cgroup.events", O_RDONLY));
        // The destructor kills and removes.
        const Cgroup left(TRY(parent.open_dir(".")), entry, "", *std::move(old), std::move(events));
        return {};
    };
    for (const auto& entry : TRY(jobs.list())) TRY(clear(jobs, entry));
    for (const auto& entry : beneath(own)) {
        if (entry != "agent" && entry != "jobs") TRY(clear(own, entry));
    }
    policy::WallSet missing;
    for (const auto& [wall, controller] : kControllers) {
        const auto enable = "+" + std::string(controller);
        bool enabled = true;
        for (const auto* dir : std::array<const sys::Dir*, 3>{&*base, &own, &jobs}) {
            enabled = enabled && put(*dir, "cgroup.subtree_control", enable).has_value();
        }
        if (!enabled) missing.add(wall);
    }
    return CgroupTree(*std::move(base), name, std::move(own), std::move(jobs), missing);
}

CgroupTree::~CgroupTree() {
    if (name_.empty()) return;
    // Moves this process back to the cgroup it was started in, so that the tree can be removed. The
    // root directory of cgroup2 is read-only by its mode, hence the capability.
    const sandbox::Raised raised(sandbox::capability(CAP_DAC_OVERRIDE));
    const auto left = put(base_, "cgroup.procs", "0");
    // A child that was killed is reaped; what that child had started ends a moment later.
    const auto events = own_.open_at("cgroup.events", O_RDONLY);
    for (int round = 0; left && events && round < kRounds; ++round) {
        if (!populated(*events).value_or(false)) break;
        wait_for_change(*events);
    }
    remove_tree(base_, name_);
}

Result<sys::Dir> CgroupTree::make(const std::string& name, const policy::Limits& limits) const {
    if (!absent_.empty()) return sys::Dir::from({});
    auto dir = TRY(own_.make_dir(name, 0755));
    TRY(within(name, limit(dir, limits)));
    return dir;
}

void CgroupTree::remove(const std::string& name) const {
    if (absent_.empty()) ::unlinkat(own_.fd(), name.c_str(), AT_REMOVEDIR);
}

Result<> CgroupTree::require_in(const std::string& name, pid_t pid) const {
    if (!absent_.empty()) return {};
    return require_path(TRY(path_of(std::to_string(pid))), "/" + name_ + "/" + name);
}

Result<Cgroup> CgroupTree::make(JobNumber number, const policy::Limits& limits) const {
    const auto name = std::to_string(number.value);
    if (::mkdirat(jobs_.fd(), name.c_str(), 0755) != 0) return sys::fail_errno("create cgroup");
    auto dir = TRY(jobs_.open_dir(name));
    auto events = TRY(dir.open_at("cgroup.events", O_RDONLY));
    auto parent = TRY(jobs_.open_dir("."));
    Cgroup cgroup(std::move(parent), name, "/" + name_ + "/jobs/" + name, std::move(dir),
                  std::move(events));
    cgroup.limited_ = TRY(limit(cgroup.dir_, limits));
    return cgroup;
}

}  // namespace bulkhead::broker
