#include "common/view/job_rows.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "common/base/strong.hpp"
#include "common/base/text.hpp"
#include "common/policy/walls.hpp"
#include "common/sys/dir.hpp"
#include "common/sys/mounts.hpp"
#include "common/view/job_view.hpp"

namespace bulkhead::view {

using policy::Access;
using policy::lies_within;

namespace {

constexpr std::size_t kMaxSentence = 300;
constexpr int kAnswerTimeout = 1000;  // milliseconds

// True for a network file system and FUSE, which may block a caller for ever.
bool may_block(std::string_view type) {
    constexpr std::string_view kOthers[] = {"fuse", "nfs", "cifs", "smb", "9p",
                                            "ceph", "afs", "ocfs", "gfs", "lustre"};
    return std::ranges::any_of(kOthers,
                               [&](std::string_view other) { return type.starts_with(other); });
}

// True if the file system at `path` answers statfs(2) within kAnswerTimeout. A child asks it. If it
// does not answer, the child is killed and not waited for.
bool answers(const std::string& path) {
    const pid_t asker = ::fork();
    if (asker == 0) {
        struct statfs figures {};
        ::_exit(::statfs(path.c_str(), &figures) == 0 ? 0 : 1);
    }
    const sys::Fd ended(static_cast<int>(::syscall(SYS_pidfd_open, asker, 0)));
    pollfd end{.fd = ended.get(), .events = POLLIN, .revents = 0};
    const bool in_time = asker > 0 && ::poll(&end, 1, kAnswerTimeout) == 1;
    int status = 1;
    if (!in_time) ::kill(asker, SIGKILL);
    ::waitpid(asker, &status, in_time ? 0 : WNOHANG);
    return in_time && status == 0;
}

std::uint64_t noexec(const Row& row) { return row.executes ? 0 : MOUNT_ATTR_NOEXEC; }

}  // namespace

std::string Row::words() const {
    const std::string verb = removes   ? "remove "
                             : writes  ? "write "
                             : devices ? "devices "
                                       : "read ";
    return verb + rule->path;
}

Result<JobRows> JobRows::create(const policy::Profile& profile, int id_map) {
    JobRows rows(profile, id_map);
    const auto text = TRY(TRY(sys::Dir::open("/proc/thread-self")).read_file("mountinfo", 16_MiB));
    for (const auto& mount : sys::parse_mounts(text)) {
        rows.mounts_.push_back({sys::unescaped(mount.place), std::string(mount.type)});
    }
    TRY(rows.merge_rows());
    return rows;
}

Result<> JobRows::add_all() {
    for (const auto& [path, row] : rows_) TRY(add_row(path, row));
    return require_rows();
}

bool gets_own_proc(const policy::Profile& profile) {
    return profile.namespaces.pid || std::ranges::none_of(profile.paths, [](const auto& rule) {
               return rule.path == "/proc" || rule.path == "/";
           });
}

bool JobRows::is_private(std::string_view path) const {
    return profile_.private_tmp && std::ranges::count(kScratch, path) > 0;
}

const Row* JobRows::find(std::string_view path) const {
    const auto row = rows_.find(path);
    return row == rows_.end() ? nullptr : &row->second;
}

bool JobRows::holds(std::string_view path) const {
    return std::ranges::any_of(rows_,
                               [&](const auto& row) { return lies_within(path, row.first); });
}

Result<> JobRows::merge_rows() {
    for (const auto& rule : profile_.paths) {
        if (rule.path != "/") {
            merge(rule.path, rule, rule.if_present);
            continue;
        }
        looked.push_back(Looked::at(kListing));
        // A row for "/" becomes a row for each entry of the host's root directory, because the job
        // has a root directory of its own.
        for (const auto& name : TRY(TRY(sys::Dir::open("/")).list())) merge("/" + name, rule, true);
    }
    // A row to execute also covers other rows beneath its path.
    for (auto& [path, row] : rows_) {
        row.executes = row.executes || std::ranges::any_of(profile_.paths, [&](const auto& rule) {
                           return rule.access == Access::execute && lies_within(path, rule.path);
                       });
    }
    return {};
}

void JobRows::merge(const std::string& path, const policy::PathRule& rule, bool if_present) {
    auto& row = rows_[path];
    if (row.rule == nullptr || rule.access > row.rule->access) row.rule = &rule;
    row.if_present = row.if_present && if_present;
    row.reads = row.reads || rule.access == Access::read;
    row.executes = row.executes || rule.access == Access::execute;
    row.writes = row.writes || rule.access == Access::write;
    row.removes = row.removes || rule.access == Access::remove;
    row.devices = row.devices || rule.access == Access::devices;
}

// The type of the mount with the longest mount point that `path` lies within; symlinks in `path`
// are not followed.
std::string JobRows::type_of(std::string_view path) const {
    const HostMount* found = nullptr;
    for (const auto& mount : mounts_) {
        if (!lies_within(path, mount.place)) continue;
        if (found == nullptr || mount.place.size() >= found->place.size()) found = &mount;
    }
    return found == nullptr ? "?" : found->type;
}

bool JobRows::answers_or_cannot_block(const std::string& path, std::string_view type) {
    if (!may_block(type)) return true;
    steady = false;
    return answers(path);
}

void JobRows::leave_out(const std::string& what, const std::string& why) {
    // quoted(), because a path may have been chosen by another user.
    left_out.push_back(quoted("left out " + what + ": " + why, kMaxSentence));
}

Result<> JobRows::add_row(const std::string& path, const Row& row) {
    if (is_private(path) || (path == "/proc" && has_own_proc())) {
        keep(row);
        // A container's figures: lxcfs mounts files over those of /proc, others cover some.
        return path == "/proc" && row.shows_mounts() ? add_mounts(path, row) : Result<>();
    }
    const auto type = type_of(path);
    if (!answers_or_cannot_block(path, type)) {
        leave_out(row.words(), type + " did not answer within a second");
        return {};
    }
    const auto first = pieces.size();
    bool stands = true;
    const auto added = pick(
        path, row.if_present, pieces,
        [&](const std::string& real, bool is_dir) { return add_tree(real, is_dir, row, stands); },
        &looked);
    if (!added) return within(row.rule->source.at(), added);
    if (!stands) {
        pieces.resize(first);
        return {};
    }
    if (std::any_of(pieces.begin() + static_cast<std::ptrdiff_t>(first), pieces.end(),
                    [](const auto& piece) { return piece.writable; })) {
        ++changeable_;
    }
    keep(row);
    return {};
}

void JobRows::keep(const Row& row) {
    for (const auto& rule : profile_.paths) {
        if (rule.path == row.rule->path) kept.push_back(rule);
    }
}

Result<> JobRows::add_tree(const std::string& path, bool directory, const Row& row, bool& stands) {
    struct stat info {};
    TRY(sys::check(::lstat(path.c_str(), &info), path));
    const bool node = S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode);
    if (row.devices && !directory && !node) {
        return fail(row.rule->source.place() + ": " + path +
                    " is neither a device nor a directory; write: write " + path);
    }
    // The target of a symlink is often beneath another row, and shown by that row's tree.
    if (!row.changes() && path != row.rule->path && is_shown(path, row)) return {};
    Piece piece{.place = path,
                .tree = TRY(clone_of(path)),
                .link = {},
                .directory = directory,
                .writable = row.changes() && !node,
                .device = node || row.devices};
    const bool mapped = id_map_ >= 0 && piece.writable;
    const auto set = set_attributes(piece, noexec(row), mapped ? id_map_ : -1);
    if (!set && mapped && set.error().code == EINVAL) {
        leave_out(row.words(), type_of(path) + " knows no ID-mapped mounts");
        unmappable_ = true;
        stands = false;
        return {};
    }
    TRY(set);
    pieces.push_back(std::move(piece));
    if (!directory) return {};
    return row.shows_mounts() ? add_mounts(path, row) : cover_mounts(path);
}

bool JobRows::is_shown(const std::string& path, const Row& row) const {
    return std::ranges::any_of(rows_, [&](const auto& other) {
        return other.second.shows_mounts() && other.second.executes == row.executes &&
               other.second.rule->path != row.rule->path && lies_within(path, other.first);
    });
}

// True if `place` is beneath a row that does not show mounts, or beneath a directory of the job's
// own.
bool JobRows::is_closed_to_mounts(std::string_view place) const {
    return std::ranges::any_of(rows_, [&](const auto& row) {
        return (!row.second.shows_mounts() || is_private(row.first)) &&
               lies_within(place, row.first);
    });
}

// Mounts something over each mount point beneath `path`. rmdir(2) of a directory that is a mount
// point in another mount namespace only unmounts what is mounted there; if it is a mount point in
// the caller's namespace, too, rmdir(2) fails with EBUSY.
Result<> JobRows::cover_mounts(const std::string& path) {
    for (const auto& mount : mounts_) {
        const auto& place = mount.place;
        if (place == path || !lies_within(place, path)) continue;
        if (covers_++ == kMostMounts) {
            return fail("more than " + std::to_string(kMostMounts) + " mounts beneath " + path);
        }
        // One of the two can be mounted, depending on whether the place is a directory. stat(2) is
        // not asked, because the file system that is mounted there may block.
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
            pieces.push_back(std::move(*piece));
        }
    }
    return {};
}

// Adds clones of the mounts beneath a row to read or execute, as they are now.
Result<> JobRows::add_mounts(const std::string& path, const Row& row) {
    for (const auto& mount : mounts_) {
        const auto& place = mount.place;
        if (place == path || !lies_within(place, path) || mount.type == "autofs") continue;
        // A procfs of the host shows the host's processes, wherever it is mounted.
        if (mount.type == "proc" && has_own_proc()) continue;
        if (is_closed_to_mounts(place)) continue;
        if (rows_.contains(place)) continue;  // that row adds it, with its own attributes
        if (submounts_ == kMostMounts) {
            leave_out("mounts beneath " + path, "more than " + std::to_string(kMostMounts));
            return {};
        }
        if (!answers_or_cannot_block(place, mount.type)) {
            leave_out(place, mount.type + " did not answer within a second");
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
        pieces.push_back(std::move(piece));
        ++submounts_;
    }
    return {};
}

// An error if rows were left out for lack of ID-mapped mounts, and no row to write or remove in is
// left.
Result<> JobRows::require_rows() const {
    if (!unmappable_ || changeable_ > 0) return {};
    std::string all;
    for (const auto& sentence : left_out) all += "; " + sentence;
    return fail("no row to write or remove in is left" + all);
}

}  // namespace bulkhead::view
