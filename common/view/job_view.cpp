#include "common/view/job_view.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/base/strong.hpp"
#include "common/policy/walls.hpp"
#include "common/sandbox/child.hpp"
#include "common/sys/dir.hpp"
#include "common/view/job_rows.hpp"
#include "common/view/root.hpp"
#include "common/view/worker_view.hpp"

namespace bulkhead::view {

namespace {

namespace fs = std::filesystem;
using policy::Access;

constexpr const char* kOldLock = "/var/lock";

class Builder {
  public:
    Builder(const JobViewPlan& plan, JobRows rows)
        : plan_(plan), profile_(plan.profile), rows_(std::move(rows)) {}

    Result<JobView> build() {
        TRY(rows_.add_all());
        if (rows_.has_own_proc()) set_aside_proc();
        TRY(add_devices());
        // From here on this process stacks mounts on kBase. enter() unmounts them together with the
        // host's root, because the kernel waits for all processors at each unmount.
        TRY(add_private_places());
        auto root = on_disk();
        if (!root) {
            rows_.left_out.push_back("its / is a tmpfs, and df / tells that one's figures: " +
                                     root.error().what);
            root = bare_root();
        }
        if (!root) return std::unexpected(root.error());
        TRY(enter(*std::move(root), std::move(rows_.pieces)));
        view_.rows = std::move(rows_.kept);
        view_.left_out = std::move(rows_.left_out);
        view_.looked = std::move(rows_.looked);
        std::ranges::sort(view_.looked, {}, &Looked::path);
        const auto again = std::ranges::unique(view_.looked, {}, &Looked::path);
        view_.looked.erase(again.begin(), again.end());
        view_.steady = view_.steady && rows_.steady && view_.left_out.empty();
        return std::move(view_);
    }

  private:
    // A place for the /proc that comes later. What is mounted beneath comes after it.
    void set_aside_proc() {
        Pieces others;
        for (auto& piece : rows_.pieces) {
            const bool beneath = policy::lies_within(piece.place.native(), "/proc");
            (beneath ? view_.late : others).push_back(std::move(piece));
        }
        rows_.pieces = std::move(others);
        std::ranges::stable_sort(view_.late, {}, &Piece::place);
        view_.steady = std::ranges::all_of(view_.late, &Piece::is_for_reading);
        rows_.pieces.push_back({.place = "/proc", .tree = {}, .link = {}, .directory = true});
    }

    Result<> add_devices() {
        for (const std::string name : kDevices) {
            const auto path = "/dev/" + name;
            auto tree = clone_of(path);
            if (!tree) continue;  // a container may lack the node
            Piece piece{.place = path, .tree = *std::move(tree), .link = {}, .device = true};
            TRY(set_attributes(piece, MOUNT_ATTR_NOEXEC));
            rows_.pieces.push_back(std::move(piece));
        }
        const std::pair<const char*, const char*> links[] = {{"fd", "/proc/self/fd"},
                                                             {"stdin", "/proc/self/fd/0"},
                                                             {"stdout", "/proc/self/fd/1"},
                                                             {"stderr", "/proc/self/fd/2"}};
        for (const auto& [name, target] : links) {
            rows_.pieces.push_back(
                {.place = fs::path("/dev") / name, .tree = {}, .link = target, .optional = true});
        }
        return {};
    }

    Result<> make_place(const char* name, mode_t mode) {
        const auto path = fs::path(kBase) / name;
        TRY(sys::check(::mkdir(path.c_str(), mode), name));
        return {};
    }

    // Adds the directory `name` of the private tmpfs to the view, at `place`.
    Result<> add_place(const char* name, const fs::path& place, bool writable, bool executes) {
        Piece piece{.place = place,
                    .tree = TRY(clone_of(fs::path(kBase) / name)),
                    .link = {},
                    .directory = true,
                    .writable = writable,
                    .optional = place == kLock || place == kShm};
        TRY(set_attributes(piece, executes ? 0 : MOUNT_ATTR_NOEXEC));
        rows_.pieces.push_back(std::move(piece));
        return {};
    }

    // Options of the tmpfs that holds all private directories. Its size is below the job's memory
    // limit, so that a job that fills it gets ENOSPC and is not killed for its memory.
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
        // The home directory is made with the account's file system ids (setfsuid(2)), because
        // chown(2) would need a capability that the broker's ceiling may lack.
        TRY(sys::check(::chmod(kBase, 01777), kBase));
        ::setfsgid(plan_.account.gid);
        ::setfsuid(plan_.account.uid);
        const auto home = make_place("home", 0700);
        ::setfsuid(0);
        ::setfsgid(0);
        TRY(home);
        TRY(make_closed());
        view_.scripts = sys::Fd(
            ::open((std::string(kBase) + kScripts).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!view_.scripts) return sys::fail_errno(kScripts);
        if (profile_.private_tmp) {
            TRY(add_place("tmp", kScratch[0], true, executes_in(kScratch[0])));
            TRY(add_place("var-tmp", kScratch[1], true, executes_in(kScratch[1])));
        }
        TRY(add_place("shm", kShm, true, false));
        TRY(add_place("lock", kLock, true, false));
        // /var/lock is the old name of /run/lock; it becomes a symlink unless a row shows it.
        if (!rows_.holds(kOldLock)) {
            rows_.pieces.push_back(
                {.place = kOldLock, .tree = {}, .link = kLock, .optional = true});
        }
        TRY(add_place("job", "/job", false, true));
        TRY(add_place("home", kHome, true, false));
        return {};
    }
    bool executes_in(const char* path) const {
        const auto* row = rows_.find(path);
        return row != nullptr && row->executes;
    }

    Result<> make_closed() const {
        const auto closed = std::string(kBase) + kClosed;
        const sys::Fd file(::open(closed.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
        if (!file) return sys::fail_errno(closed);
        return {};
    }

    // A clone of the directory for mount points on the host's root file system. It is found through
    // a clone of "/" that has no other mounts on it.
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
        return root;
    }

    const JobViewPlan& plan_;
    const policy::Profile& profile_;
    JobRows rows_;
    JobView view_;
};

}  // namespace

Result<> copy_script(int script, int directory, const std::string& name, gid_t group) {
    constexpr int kNew = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    const auto mask = ::umask(0);
    ::setfsgid(group);
    const sys::Fd file(::openat(directory, name.c_str(), kNew, 0550));
    ::setfsgid(0);
    ::umask(mask);
    if (!file) return sys::fail_errno(name);
    struct stat info {};
    TRY(sys::check(::fstat(script, &info), "script"));
    for (off_t at = 0; at < info.st_size;) {
        const auto sent =
            ::sendfile(file.get(), script, &at, static_cast<std::size_t>(info.st_size - at));
        if (sent <= 0) return sys::fail_errno("copy the script to " + name);
    }
    return {};
}

Result<JobView> make_job_view(const JobViewPlan& plan) {
    if (!plan.profile.namespaces.mount) {
        return JobView{.rows = plan.profile.paths, .left_out = {}, .steady = false};
    }
    TRY(make_private());
    auto rows = TRY(within("view", JobRows::create(plan.profile, plan.id_map)));
    return within("view", Builder(plan, std::move(rows)).build());
}

Result<> complete_job_view(const JobViewPlan& plan, const JobView& view) {
    const auto& profile = plan.profile;
    if (!profile.namespaces.mount) return {};
    if (gets_own_proc(profile)) {
        const bool writes = std::ranges::any_of(profile.paths, [](const auto& rule) {
            return (rule.path == "/proc" || rule.path == "/") && rule.access == Access::write;
        });
        auto tree = TRY(fresh_proc(!profile.namespaces.pid));
        Piece proc{.place = "/proc",
                   .tree = std::move(tree),
                   .link = {},
                   .directory = true,
                   .writable = writes};
        TRY(set_attributes(proc, MOUNT_ATTR_NOEXEC));
        TRY(within("view", add_late(proc)));
    }
    for (const auto& piece : view.late) {
        const auto added = add_late(piece);
        if (!added && (!piece.optional || added.error().kind == Error::Kind::differs)) {
            return within("view", added);
        }
    }
    if (plan.script < 0) return {};
    return copy_script(plan.script, view.scripts.get(), plan.script_name, plan.account.gid);
}

std::vector<policy::PathRule> rows_of_every_job(const std::string& script_name) {
    std::vector<policy::PathRule> rows;
    const auto allow = [&](Access access, const std::string& path, const char* why) {
        rows.push_back({.access = access,
                        .path = path,
                        .if_present = true,
                        .source = {.file = "every job", .line = 0, .reason = why}});
    };
    for (const std::string name : kDevices) allow(Access::write, "/dev/" + name, "scripts use it");
    allow(Access::write, kShm, "memory that processes share");
    allow(Access::write, kLock, "flock(1), lockfiles");
    allow(Access::write, kHome, "where dotfiles go");
    if (!script_name.empty()) {
        allow(Access::execute, fs::path(kScripts) / script_name, "the script");
    }
    return rows;
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
        return failed ? fail(directory + ": " + failed.message()) : Result<>();
    });
}

}  // namespace bulkhead::view
