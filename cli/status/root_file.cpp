#include "cli/status/root_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::cli {

namespace {

using State = RootFile::State;

constexpr const char* kName = "broker.json";
constexpr std::size_t kMostBytes = 1_MiB;
constexpr long kMostTick = 3600;  // seconds, whatever the file says
constexpr const char* kStart = "; start it: systemctl start bulkhead";

std::int64_t number(const StatusJson& json, const char* name) {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_number_integer()) return -1;
    return found->get<std::int64_t>();
}

// Whether nobody but root can have put it there.
bool is_roots(int fd) {
    struct stat info {};
    return ::fstat(fd, &info) == 0 && info.st_uid == 0 && (info.st_mode & 022) == 0;
}

RootFile not_read(const Error& error, const std::string& path) {
    if (error.code == EACCES || error.code == EPERM) {
        return {.state = State::unread,
                .why = path + ": " + error.what +
                       "; ask as root, or be a member of its group: that of `readers` in "
                       "host.policy, else bulkhead"};
    }
    return {.state = State::unbelieved, .why = path + ": " + error.what};
}

// One that was killed stays a zombie until its parent has asked for its end: it answers kill(2),
// and runs no more. The state stands behind the name in parentheses (proc_pid_stat(5)).
bool runs(pid_t pid) {
    if (::kill(pid, 0) != 0 && errno == ESRCH) return false;
    const auto proc = sys::Dir::open("/proc/" + std::to_string(pid));
    const auto stat = proc ? proc->read_file("stat", 4096).value_or("") : "";
    const auto name_end = stat.rfind(") ");
    return name_end == stat.npos || (stat[name_end + 2] != 'Z' && stat[name_end + 2] != 'X');
}

// `said` is what root wrote: is it of now?
RootFile judge(StatusJson said, const std::string& path) {
    const auto up = number(said, "up"), written = number(said, "written"),
               pid = number(said, "pid"), tick = number(said, "tick");
    if (number(said, "format") != 1 || up < 0 || written < 0 || pid < 1 || tick < 1) {
        return {.state = State::unbelieved,
                .why = path +
                       ": not what this version reads; install broker and bulkhead of one "
                       "release, and restart the agent"};
    }
    RootFile file{.state = State::fresh, .why = {}, .said = std::move(said)};
    file.age_seconds = static_cast<long>(sys::read_clocks().up.count() - up);
    const auto when = format_utc(UnixTime(std::chrono::seconds(written)));
    const bool earlier_boot = file.age_seconds < -1;
    if (earlier_boot || !runs(static_cast<pid_t>(pid))) {
        file.state = State::not_running;
        file.why = "the agent is not running: process " + std::to_string(pid) +
                   " ended without a stop after " + when + "; see journalctl -u bulkhead" + kStart;
    } else if (file.age_seconds > 3 * std::min<std::int64_t>(tick, kMostTick)) {
        file.state = State::silent;
        file.why = "root's process " + std::to_string(pid) + " has written nothing since " + when +
                   ", " + std::to_string(file.age_seconds) +
                   " s ago; see journalctl -u bulkhead, and restart the agent if it hangs";
    }
    return file;
}

}  // namespace

RootFile read_root_file(const std::string& run_dir) {
    const auto path = run_dir + "/" + kName;
    const auto dir = sys::Dir::open(run_dir);
    if (!dir && dir.error().code == ENOENT) {
        return {.state = State::not_running,
                .why = "the agent is not running, and has not been since this host started: no " +
                       run_dir + kStart};
    }
    if (!dir) return not_read(dir.error(), run_dir);
    const auto file = dir->open_regular(kName, O_RDONLY);
    if (!file && file.error().code == ENOENT) {
        return {.state = State::absent,
                .why = "the agent is not running: it was stopped, or has not come so far: no " +
                       path + kStart};
    }
    if (!file) return not_read(file.error(), path);
    if (!is_roots(dir->fd()) || !is_roots(file->get())) {
        return {.state = State::unbelieved,
                .why = path +
                       ": it, or its directory, belongs to another than root or can be "
                       "written by others, and is not believed: find out who made it, and "
                       "restart the agent"};
    }
    const auto text = dir->read_file(kName, kMostBytes);
    if (!text) return not_read(text.error(), path);
    auto said = parse_bounded(*text);
    if (!said) return {.state = State::unbelieved, .why = path + ": no JSON; restart the agent"};
    return judge(*std::move(said), path);
}

}  // namespace bulkhead::cli
