#include "cli/running_jobs.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <filesystem>
#include <set>

#include "cli/base/command.hpp"
#include "common/sys/dir.hpp"
#include "common/sys/mounts.hpp"

namespace bulkhead::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostBytes = 16 << 20;
constexpr int kDeepest = 12;  // levels of cgroups above an agent's; systemd has fewer

std::string proc_file(pid_t pid, std::string_view name) {
    const auto dir = sys::Dir::open("/proc/" + std::to_string(pid));
    return dir ? dir->read_file(name, kMostBytes).value_or("") : "";
}

// "\040" as proc(5) writes a blank.
std::vector<fs::path> folders(const fs::path& path) {
    std::vector<fs::path> list;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(path, failed)) {
        if (entry.is_directory(failed)) list.push_back(entry.path());
    }
    return list;
}

void find_agents(const fs::path& cgroup, int deeper, std::vector<fs::path>& agents) {
    if (deeper == 0) return;
    for (const auto& below : folders(cgroup)) {
        std::error_code failed;
        const bool ours = below.filename().string().starts_with("bulkhead-") &&
                          fs::is_directory(below / "jobs", failed);
        if (ours) {
            agents.push_back(below);
        } else {
            find_agents(below, deeper - 1, agents);
        }
    }
}

void add_processes(const fs::path& cgroup, std::vector<pid_t>& processes) {
    const auto dir = sys::Dir::open(cgroup.string());
    const auto text = dir ? dir->read_file("cgroup.procs", kMostBytes).value_or("") : "";
    for (const auto line : split(text, '\n')) {
        const auto pid = parse_number<pid_t>(line).value_or(0);
        if (pid > 0) processes.push_back(pid);  // 0 is a process of another pid namespace
    }
    for (const auto& below : folders(cgroup)) add_processes(below, processes);
}

std::string id_of(pid_t pid) {
    constexpr std::string_view kName = "BULKHEAD_JOB_ID=";
    const auto text = proc_file(pid, "environ");
    for (const auto variable : split(text, '\0')) {
        if (variable.starts_with(kName)) return std::string(variable.substr(kName.size()));
    }
    return "";
}

// When the process started. Field 22 of /proc/PID/stat (proc_pid_stat(5)), the 20th after the name,
// is that time in clock ticks after boot.
UnixTime start_of(pid_t pid, std::uint64_t boot) {
    const auto text = proc_file(pid, "stat");
    const auto fields = words(std::string_view(text).substr(text.rfind(')') + 1));
    if (fields.size() < 20) return UnixTime::max();
    const auto ticks = parse_number<std::uint64_t>(fields[19]).value_or(0);
    const auto seconds = boot + ticks / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    return UnixTime(std::chrono::seconds(seconds));
}

std::uint64_t boot_time() {
    const auto proc = sys::Dir::open("/proc");
    const auto text = proc ? proc->read_file("stat", kMostBytes).value_or("") : "";
    for (const auto line : split(text, '\n')) {
        if (line.starts_with("btime "))
            return parse_number<std::uint64_t>(line.substr(6)).value_or(0);
    }
    return 0;
}

Result<std::string> cgroup_root() {
    const auto text = proc_file(::getpid(), "mountinfo");
    for (const auto& mount : sys::parse_mounts(text)) {
        if (mount.type == "cgroup2") return sys::unescaped(mount.place);
    }
    return fail("no cgroup2 is mounted, so no agent runs jobs here");
}

std::string device_of(dev_t device) {
    return std::to_string(::major(device)) + ":" + std::to_string(::minor(device));
}

std::string link_of(const std::string& path) {
    std::string target(PATH_MAX, '\0');
    const auto length = ::readlink(path.c_str(), target.data(), target.size());
    target.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return target;
}

std::string mount_of(const std::string& path) {
    struct statx info {};
    const int code = ::statx(AT_FDCWD, path.c_str(), AT_STATX_DONT_SYNC, STATX_MNT_ID, &info);
    return code == 0 && (info.stx_mask & STATX_MNT_ID) != 0 ? std::to_string(info.stx_mnt_id) : "";
}

// Adds which directories and files of the process are in a mount of this program's namespace.
void add_uses(pid_t pid, const HeldPlace& place, std::vector<std::string>& found) {
    const auto proc = "/proc/" + std::to_string(pid);
    std::string uses;
    const auto look = [&](const std::string& name) {
        const auto at = mount_of(proc + "/" + name);
        if (!at.empty() && at == place.mount) uses += " " + name;
    };
    for (const auto* name : {"cwd", "root", "exe"}) look(name);
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(proc + "/fd", failed)) {
        look("fd/" + entry.path().filename().string());
    }
    if (!uses.empty()) found.push_back("process " + std::to_string(pid) + " by" + uses);
}

}  // namespace

Result<std::vector<RunningJob>> running_jobs() {
    if (::geteuid() != 0) return fail("only root sees which jobs run and what they hold");
    std::vector<fs::path> agents;
    find_agents(TRY(cgroup_root()), kDeepest, agents);
    const auto boot = boot_time();
    std::vector<RunningJob> jobs;
    for (const auto& agent : agents) {
        for (const auto& folder : folders(agent / "jobs")) {
            RunningJob job{.agent = agent.filename(), .number = folder.filename()};
            add_processes(folder, job.processes);
            if (job.processes.empty()) continue;
            std::ranges::sort(job.processes);
            job.since = UnixTime::max();
            for (const auto pid : job.processes) {
                job.since = std::min(job.since, start_of(pid, boot));
                if (job.id.empty()) job.id = id_of(pid);
            }
            jobs.push_back(std::move(job));
        }
    }
    return jobs;
}

Result<HeldPlace> held_place(const std::string& path) {
    std::error_code failed;
    const auto whole = fs::canonical(path, failed);
    struct stat info {};
    if (failed || ::stat(whole.c_str(), &info) != 0)
        return wrong(path + ": there is no such place");
    if (S_ISBLK(info.st_mode)) return HeldPlace{.device = device_of(info.st_rdev), .mount = ""};
    const auto text = proc_file(::getpid(), "mountinfo");
    const auto mounts = sys::parse_mounts(text);
    const auto id = mount_of(whole);
    const auto at = std::ranges::find(mounts, id, &sys::Mount::id);
    if (at == mounts.end()) return fail(path + ": its mount is not known");
    const auto place = sys::unescaped(at->place);
    if (place != whole)
        return wrong(path + ": is no mount; it lies on " + place + ", ask for that");
    return HeldPlace{.device = std::string(at->device), .mount = id};
}

std::vector<std::string> holds(const RunningJob& job, const HeldPlace& place) {
    std::vector<std::string> found;
    const auto ours = link_of("/proc/self/ns/mnt");
    std::set<std::string> seen{ours};
    for (const auto pid : job.processes) {
        const auto view = link_of("/proc/" + std::to_string(pid) + "/ns/mnt");
        if (view == ours) add_uses(pid, place, found);
        if (view.empty() || !seen.insert(view).second) continue;
        const auto text = proc_file(pid, "mountinfo");
        for (const auto& mount : sys::parse_mounts(text)) {
            if (mount.device == place.device) {
                found.push_back("mounted at " + sys::unescaped(mount.place) + " in its view");
            }
        }
    }
    return found;
}

}  // namespace bulkhead::cli
