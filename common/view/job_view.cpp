#include "common/view/job_view.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <poll.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <map>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/policy/walls.hpp"
#include "common/sandbox/child.hpp"
#include "common/sys/dir.hpp"
#include "common/sys/mounts.hpp"
#include "common/view/root.hpp"
#include "common/view/worker_view.hpp"

namespace bulkhead::view {

namespace {

namespace fs = std::filesystem;
using policy::Access;
using policy::lies_within;

constexpr const char* kOldLock = "/var/lock";
constexpr int kPatience = 1000;  // milliseconds, for a file system that somebody else answers for

// All rows of one path together.
struct Row {
    const policy::PathRule* rule = nullptr;
    bool reads = false, executes = false, writes = false, removes = false, devices = false;
    bool if_present = true;

    bool changes() const { return writes || removes; }
    bool shows_mounts() const { return !changes() && !devices; }
    std::string words() const {
        return std::string(removes   ? "remove "
                           : writes  ? "write "
                           : devices ? "devices "
                                     : "read ") +
               rule->path;
    }
};

class Builder {
  public:
    explicit Builder(const JobViewPlan& plan) : plan_(plan), profile_(plan.profile) {}

    Result<JobView> build() {
        TRY(make_private());
        const auto mountinfo =
            TRY(TRY(sys::Dir::open("/proc/thread-self")).read_file("mountinfo", 16_MiB));
        mounts_ = sys::parse_mounts(mountinfo);
        TRY(merge_rows());
        for (const auto& [path, row] : rows_) TRY(add_row(path, row));
        TRY(require_rows());
        TRY(add_proc());
        TRY(add_devices());
        TRY(add_private_places());
        auto root = on_disk();
        if (!root) {
            view_.left_out.push_back("its / is a tmpfs, and df / tells that one's figures: " +
                                     root.error().what);
            root = bare_root();
        }
        TRY(enter(TRY(std::move(root)), std::move(pieces_)));
        return std::move(view_);
    }

  private:
    bool has_own_proc() const { return profile_.namespaces.pid || !rows_.contains("/proc"); }
    bool is_private(std::string_view path) const {
        return profile_.private_tmp && std::ranges::count(kScratch, path) > 0;
    }

    Result<> merge_rows() {
        for (const auto& rule : profile_.paths) {
            if (rule.path != "/") {
                merge(rule.path, rule, rule.if_present);
                continue;
            }
            // A root of its own has what the host's holds, each by itself.
            for (const auto& name : TRY(TRY(sys::Dir::open("/")).list()))
                merge("/" + name, rule, true);
        }
        // What may be run beneath a row may be run beneath rows in it.
        for (auto& [path, row] : rows_) {
            row.executes =
                row.executes || std::ranges::any_of(profile_.paths, [&](const auto& rule) {
                    return rule.access == Access::execute && lies_within(path, rule.path);
                });
        }
        return {};
    }

    void merge(const std::string& path, const policy::PathRule& rule, bool if_present) {
        auto& row = rows_[path];
        if (row.rule == nullptr || rule.access > row.rule->access) row.rule = &rule;
        row.if_present = row.if_present && if_present;
        row.reads = row.reads || rule.access == Access::read;
        row.executes = row.executes || rule.access == Access::execute;
        row.writes = row.writes || rule.access == Access::write;
        row.removes = row.removes || rule.access == Access::remove;
        row.devices = row.devices || rule.access == Access::devices;
    }

    // The mount that holds `path`, as far as its name tells.
    const sys::Mount* mount_of(std::string_view path) const {
        const sys::Mount* found = nullptr;
        for (const auto& mount : mounts_) {
            const auto place = sys::unescaped(mount.place);
            if (!lies_within(path, place)) continue;
            if (found == nullptr || mount.place.size() >= found->place.size()) found = &mount;
        }
        return found;
    }
    std::string type_of(std::string_view path) const {
        const auto* mount = mount_of(path);
        return std::string(mount == nullptr ? "?" : mount->type);
    }

    // Asked of by a process that may be left behind, where another machine or process answers.
    static bool answers(const std::string& path, std::string_view type) {
        constexpr std::string_view kOthers[] = {"fuse", "nfs", "cifs", "smb", "9p",
                                                "ceph", "afs", "ocfs", "gfs", "lustre"};
        const bool elsewhere = std::ranges::any_of(
            kOthers, [&](std::string_view other) { return type.starts_with(other); });
        if (!elsewhere) return true;
        const pid_t asker = ::fork();
        if (asker == 0) {
            struct statfs figures {};
            ::_exit(::statfs(path.c_str(), &figures) == 0 ? 0 : 1);
        }
        const sys::Fd ended(static_cast<int>(::syscall(SYS_pidfd_open, asker, 0)));
        pollfd end{.fd = ended.get(), .events = POLLIN, .revents = 0};
        const bool in_time = asker > 0 && ::poll(&end, 1, kPatience) == 1;
        int status = 1;
        if (!in_time) ::kill(asker, SIGKILL);
        ::waitpid(asker, &status, in_time ? 0 : WNOHANG);
        return in_time && status == 0;
    }

    void leave_out(const std::string& what, const std::string& why) {
        view_.left_out.push_back("left out " + what + ": " + why);
    }

    Result<> add_row(const std::string& path, const Row& row) {
        if (is_private(path) || (path == "/proc" && has_own_proc())) {
            keep(row);
            return {};
        }
        const auto type = type_of(path);
        if (!answers(path, type)) {
            leave_out(row.words(), type + " did not answer within a second");
            return {};
        }
        const auto first = pieces_.size();
        bool stands = true;
        const auto added =
            pick(path, row.if_present, pieces_, [&](const std::string& real, bool is_dir) {
                return add_tree(real, is_dir, row, stands);
            });
        if (!added) return within(row.rule->source.at(), added);
        if (!stands) {
            pieces_.resize(first);
            return {};
        }
        if (std::any_of(pieces_.begin() + static_cast<std::ptrdiff_t>(first), pieces_.end(),
                        [](const auto& piece) { return piece.writable; })) {
            ++changeable_;
        }
        keep(row);
        return {};
    }

    void keep(const Row& row) {
        for (const auto& rule : profile_.paths) {
            if (rule.path == row.rule->path) view_.rows.push_back(rule);
        }
    }

    std::uint64_t noexec(const Row& row) const { return row.executes ? 0 : MOUNT_ATTR_NOEXEC; }

    Result<> add_tree(const std::string& path, bool directory, const Row& row, bool& stands) {
        struct stat info {};
        TRY(sys::check(::lstat(path.c_str(), &info), path));
        const bool node = S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode);
        if (row.devices && !directory && !node) {
            return fail(row.rule->source.place() + ": " + path +
                        " is neither a device nor a directory; write: write " + path);
        }
        // Where a link leads to is often in a row's tree already.
        if (!row.changes() && path != row.rule->path && is_shown(path, row)) return {};
        Piece piece{.place = path,
                    .tree = TRY(clone_of(path)),
                    .link = {},
                    .directory = directory,
                    .writable = row.changes() && !node,
                    .device = node || row.devices};
        const bool mapped = plan_.id_map >= 0 && piece.writable;
        const auto set = set_attributes(piece, noexec(row), mapped ? plan_.id_map : -1);
        if (!set && mapped && set.error().code == EINVAL) {
            leave_out(row.words(), type_of(path) + " knows no ID-mapped mounts");
            unmappable_ = true;
            stands = false;
            return {};
        }
        TRY(set);
        pieces_.push_back(std::move(piece));
        if (!directory) return {};
        return row.shows_mounts() ? add_mounts(path, row) : cover_mounts(path);
    }

    bool is_shown(const std::string& path, const Row& row) const {
        return std::ranges::any_of(rows_, [&](const auto& other) {
            return other.second.shows_mounts() && other.second.executes == row.executes &&
                   other.second.rule->path != row.rule->path && lies_within(path, other.first);
        });
    }

    // In a row, or a place of the job's own, that has nothing of what is mounted beneath it.
    bool is_closed_to_mounts(std::string_view place) const {
        return std::ranges::any_of(rows_, [&](const auto& row) {
            return (!row.second.shows_mounts() || is_private(row.first)) &&
                   lies_within(place, row.first);
        });
    }

    // Whoever removes a directory takes away what others have mounted on it, unless something is
    // mounted there in his own namespace, too (rmdir(2) answers EBUSY then).
    Result<> cover_mounts(const std::string& path) {
        for (const auto& mount : mounts_) {
            auto place = sys::unescaped(mount.place);
            if (place == path || !lies_within(place, path)) continue;
            if (covers_++ == kMostMounts) {
                return fail("more than " + std::to_string(kMostMounts) + " mounts beneath " + path);
            }
            // One of the two fits. Not asked which, for what is mounted there may not answer.
            Piece over_directory{.place = place,
                                 .tree = TRY(bare_root()),
                                 .link = {},
                                 .directory = true,
                                 .optional = true,
                                 .covers = true};
            Piece over_file{.place = place,
                            .tree = TRY(clone_of("/dev/null")),
                            .link = {},
                            .optional = true,
                            .covers = true};
            for (auto* piece : {&over_directory, &over_file}) {
                TRY(set_attributes(*piece, MOUNT_ATTR_NOEXEC));
                pieces_.push_back(std::move(*piece));
            }
        }
        return {};
    }

    // What is mounted beneath a row to read or execute, as it is at this moment.
    Result<> add_mounts(const std::string& path, const Row& row) {
        for (const auto& mount : mounts_) {
            auto place = sys::unescaped(mount.place);
            if (place == path || !lies_within(place, path) || mount.type == "autofs") continue;
            // Another's shows the host's processes, wherever it is mounted.
            if (mount.type == "proc" && has_own_proc()) continue;
            if (is_closed_to_mounts(place)) continue;
            if (rows_.contains(place)) continue;  // has manners of its own
            if (submounts_ == kMostMounts) {
                leave_out("mounts beneath " + path, "more than " + std::to_string(kMostMounts));
                return {};
            }
            if (!answers(place, mount.type)) {
                leave_out(place, std::string(mount.type) + " did not answer within a second");
                continue;
            }
            struct stat info {};
            if (::lstat(place.c_str(), &info) != 0) continue;  // covered by another
            Piece piece{.place = place,
                        .tree = TRY(clone_of(place)),
                        .link = {},
                        .directory = S_ISDIR(info.st_mode),
                        .optional = true};
            TRY(set_attributes(piece, noexec(row)));
            pieces_.push_back(std::move(piece));
            ++submounts_;
        }
        return {};
    }

    // Left out one by one, but a profile whose work is gone altogether has none.
    Result<> require_rows() const {
        if (!unmappable_ || changeable_ > 0) return {};
        std::string all;
        for (const auto& sentence : view_.left_out) all += "; " + sentence;
        return fail("no row to write or remove in is left" + all);
    }

    Result<> add_proc() {
        if (!has_own_proc()) return {};
        Piece piece{.place = "/proc",
                    .tree = TRY(fresh_proc(!profile_.namespaces.pid)),
                    .link = {},
                    .directory = true,
                    .writable = rows_.contains("/proc") && rows_.at("/proc").writes};
        TRY(set_attributes(piece, MOUNT_ATTR_NOEXEC));
        pieces_.push_back(std::move(piece));
        return {};
    }

    void allow(Access access, const std::string& path, const char* why) {
        view_.rows.push_back({.access = access,
                              .path = path,
                              .if_present = true,
                              .source = {.file = "every job", .line = 0, .reason = why}});
    }

    Result<> add_devices() {
        for (const std::string name : kDevices) {
            const auto path = "/dev/" + name;
            auto tree = clone_of(path);
            if (!tree) continue;  // a container that lacks it
            Piece piece{.place = path, .tree = *std::move(tree), .link = {}, .device = true};
            TRY(set_attributes(piece, MOUNT_ATTR_NOEXEC));
            pieces_.push_back(std::move(piece));
            allow(Access::write, path, "scripts use it");
        }
        const std::pair<const char*, const char*> links[] = {{"fd", "/proc/self/fd"},
                                                             {"stdin", "/proc/self/fd/0"},
                                                             {"stdout", "/proc/self/fd/1"},
                                                             {"stderr", "/proc/self/fd/2"}};
        for (const auto& [name, target] : links) {
            pieces_.push_back(
                {.place = fs::path("/dev") / name, .tree = {}, .link = target, .optional = true});
        }
        return {};
    }

    Result<> make_place(const char* name, mode_t mode) {
        const auto path = fs::path(kBase) / name;
        TRY(sys::check(::mkdir(path.c_str(), mode), name));
        return {};
    }

    // Of the private tmpfs, at another place.
    Result<> add_place(const char* name, const fs::path& place, bool writable, bool executes) {
        Piece piece{.place = place,
                    .tree = TRY(clone_of(fs::path(kBase) / name)),
                    .link = {},
                    .directory = true,
                    .writable = writable,
                    .optional = place == kLock || place == kShm};
        TRY(set_attributes(piece, executes ? 0 : MOUNT_ATTR_NOEXEC));
        pieces_.push_back(std::move(piece));
        return {};
    }

    // Bounded together, so that a job that fills them meets ENOSPC and not the end of its memory.
    std::string bounds() const {
        const auto memory = profile_.limits.memory == 0 ? 64_MiB : profile_.limits.memory;
        const auto chosen = profile_.private_tmp_size;
        const auto size = chosen > 0 ? chosen : profile_.private_tmp ? memory / 2 : memory / 4;
        return "mode=0755,size=" + std::to_string(size) +
               ",nr_inodes=" + std::to_string(std::max<std::uint64_t>(1024, size / 16_KiB));
    }

    Result<> add_private_places() {
        struct stat before {};
        struct stat after {};
        TRY(sys::check(::stat(kBase, &before), kBase));
        TRY(sys::check(::mount("tmpfs", kBase, "tmpfs", MS_NOSUID | MS_NODEV, bounds().c_str()),
                       "tmpfs"));
        TRY(sys::check(::stat(kBase, &after), kBase));
        if (before.st_dev == after.st_dev) return sandbox::differs("/tmp is the host's");
        ::umask(0);
        for (const char* name : {"tmp", "var-tmp", "shm", "lock"}) TRY(make_place(name, 01777));
        TRY(make_place("job", 0755));
        TRY(make_place("job/home", 0755));
        TRY(make_place("job/script", 0755));
        // As its owner, for which no capability is needed that a ceiling may lack.
        TRY(sys::check(::chmod(kBase, 01777), kBase));
        ::setfsgid(plan_.account.gid);
        ::setfsuid(plan_.account.uid);
        const auto home = make_place("home", 0700);
        ::setfsuid(0);
        ::setfsgid(0);
        TRY(home);
        TRY(put_script());
        if (profile_.private_tmp) {
            TRY(add_place("tmp", kScratch[0], true, executes_in(kScratch[0])));
            TRY(add_place("var-tmp", kScratch[1], true, executes_in(kScratch[1])));
        }
        TRY(add_place("shm", kShm, true, false));
        TRY(add_place("lock", kLock, true, false));
        // Its old name, where no row has it anyway.
        if (std::ranges::none_of(
                rows_, [](const auto& row) { return lies_within(kOldLock, row.first); })) {
            pieces_.push_back({.place = kOldLock, .tree = {}, .link = kLock, .optional = true});
        }
        TRY(add_place("job", "/job", false, true));
        TRY(add_place("home", kHome, true, false));
        TRY(sys::check(::umount2(kBase, MNT_DETACH), "private tmpfs"));
        allow(Access::write, kShm, "memory that processes share");
        allow(Access::write, kLock, "flock(1), lockfiles");
        allow(Access::write, kHome, "where dotfiles go");
        if (plan_.script >= 0) {
            allow(Access::execute, fs::path(kScripts) / plan_.script_name, "the script");
        }
        return {};
    }
    bool executes_in(const char* path) const {
        const auto row = rows_.find(path);
        return row != rows_.end() && row->second.executes;
    }

    Result<> put_script() const {
        const auto closed = std::string(kBase) + kClosed;
        const sys::Fd file(::open(closed.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
        if (!file) return sys::fail_errno(closed);
        if (plan_.script < 0) return {};
        return copy_script(plan_.script, std::string(kBase) + kScripts + "/" + plan_.script_name,
                           plan_.account.gid);
    }

    // A directory on the host's root file system, wherever something is mounted over it.
    Result<sys::Fd> on_disk() const {
        if (plan_.mount_points.empty()) return fail("it has no place on the disk");
        const auto host = TRY(clone_of("/"));
        TRY(sys::check(::move_mount(host.get(), "", AT_FDCWD, kBase, MOVE_MOUNT_F_EMPTY_PATH),
                       kBase));
        std::error_code failed;
        const auto path = kBase + plan_.mount_points;
        ::umask(022);
        fs::create_directories(path, failed);
        auto root = failed ? Result<sys::Fd>(fail(failed.message())) : clone_of(path);
        TRY(sys::check(::umount2(kBase, MNT_DETACH), "unmount"));
        return root;
    }

    const JobViewPlan& plan_;
    const policy::Profile& profile_;
    std::map<std::string, Row> rows_;
    std::vector<sys::Mount> mounts_;
    Pieces pieces_;
    JobView view_;
    std::size_t submounts_ = 0;
    std::size_t covers_ = 0;
    std::size_t changeable_ = 0;  // rows of the host's to write or remove in
    bool unmappable_ = false;
};

}  // namespace

Result<> copy_script(int script, const std::string& path, gid_t group) {
    ::setfsgid(group);
    const sys::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0550));
    ::setfsgid(0);
    if (!file) return sys::fail_errno(path);
    struct stat info {};
    TRY(sys::check(::fstat(script, &info), "script"));
    for (off_t at = 0; at < info.st_size;) {
        const auto sent =
            ::sendfile(file.get(), script, &at, static_cast<std::size_t>(info.st_size - at));
        if (sent <= 0) return sys::fail_errno("copy the script to " + path);
    }
    return {};
}

Result<JobView> make_job_view(const JobViewPlan& plan) {
    if (!plan.profile.namespaces.mount) return JobView{.rows = plan.profile.paths, .left_out = {}};
    return within("view", Builder(plan).build());
}

Result<> forget_mount_points(const std::string& directory) {
    return sandbox::in_child([&]() -> Result<> {
        TRY(sys::check(::unshare(CLONE_NEWNS), "unshare"));
        TRY(make_private());
        const auto host = TRY(clone_of("/"));
        TRY(sys::check(::move_mount(host.get(), "", AT_FDCWD, kBase, MOVE_MOUNT_F_EMPTY_PATH),
                       kBase));
        const auto path = fs::path(kBase + directory);
        std::error_code failed;
        fs::remove_all(path, failed);
        return {};
    });
}

}  // namespace bulkhead::view
