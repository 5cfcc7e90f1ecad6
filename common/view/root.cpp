#include "common/view/root.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/dir.hpp"
#include "common/sys/mounts.hpp"

namespace bulkhead::view {

namespace {

namespace fs = std::filesystem;

Result<> attach(const Piece& piece) {
    const auto& place = piece.place.native();
    return sys::check(
        ::move_mount(piece.tree.get(), "", AT_FDCWD, place.c_str(), MOVE_MOUNT_F_EMPTY_PATH),
        "mount " + place);
}

// Makes the piece's mount point and mounts it. Call it with the new root as the root directory, so
// that symlinks in it resolve inside it. EEXIST means that an earlier piece already shows this
// path.
Result<> add_piece(const Piece& piece) {
    const auto& place = piece.place;
    if (piece.covers) return attach(piece);
    std::error_code failed;
    fs::create_directories(place.parent_path(), failed);
    const int made = !piece.link.empty() ? ::symlink(piece.link.c_str(), place.c_str())
                     : piece.directory   ? ::mkdir(place.c_str(), 0755)
                                         : ::mknod(place.c_str(), S_IFREG | 0644, 0);
    if (made != 0 && errno != EEXIST) return sys::fail_errno("make " + place.string());
    return piece.tree ? attach(piece) : Result<>();
}

bool has(std::string_view options, std::string_view option) {
    return std::ranges::count(split(options, ','), option) > 0;
}

// `process` is the caller's directory in the host's /proc. Its mountinfo lists the mounts of the
// new root.
Result<> read_back(const sys::Dir& process, const Pieces& pieces) {
    const auto text = TRY(process.read_file("mountinfo", 4_MiB));
    std::map<std::string, const Piece*> by_place;
    for (const auto& piece : pieces) {
        if (piece.tree) by_place[piece.place.native()] = &piece;
    }
    bool root = false;
    for (const auto& mount : sys::parse_mounts(text)) {
        const auto place = sys::unescaped(mount.place);
        const auto found = by_place.find(place);
        const auto* piece = found == by_place.end() ? nullptr : found->second;
        root = root || place == "/";
        if (piece == nullptr && place != "/") return sandbox::differs(place + " is in it");
        if (!has(mount.options, "ro") && (piece == nullptr || !piece->writable)) {
            return sandbox::differs(place + " is writable");
        }
        if (!has(mount.options, "nosuid")) {
            return sandbox::differs(place + " may be set-user-id");
        }
        if (!has(mount.options, "nodev") && (piece == nullptr || !piece->device)) {
            return sandbox::differs(place + " may hold devices");
        }
    }
    if (!root) return sandbox::differs("/ is not in it");
    return {};
}

}  // namespace

Result<sys::Fd> clone_of(const std::string& path) {
    constexpr unsigned kClone = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT;
    sys::Fd tree(::open_tree(AT_FDCWD, path.c_str(), kClone));
    if (!tree) return sys::fail_errno(path);
    return tree;
}

Result<> set_attributes(const Piece& piece, std::uint64_t more, int id_map) {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_NOSUID | more | (piece.writable ? 0 : MOUNT_ATTR_RDONLY) |
                          (piece.device ? 0 : MOUNT_ATTR_NODEV);
    if (id_map >= 0) {
        attributes.attr_set |= MOUNT_ATTR_IDMAP;
        attributes.userns_fd = static_cast<std::uint64_t>(id_map);
    }
    return sys::check(
        ::mount_setattr(piece.tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes),
        "mount attributes of " + piece.place.string());
}

Result<> make_private() {
    return sys::check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr),
                      "private mounts");
}

Result<sys::Fd> bare_root() {
    const sys::Fd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
    if (!context) return sys::fail_errno("fsopen tmpfs");
    for (const auto& [key, value] : {std::pair{"mode", "0755"}, std::pair{"size", "64k"}}) {
        TRY(sys::check(::fsconfig(context.get(), FSCONFIG_SET_STRING, key, value, 0), "tmpfs"));
    }
    TRY(sys::check(::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), "tmpfs"));
    sys::Fd root(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
    if (!root) return sys::fail_errno("fsmount tmpfs");
    return root;
}

Result<> pick(const fs::path& path, bool if_present, Pieces& pieces,
              const std::function<Result<>(const std::string& path, bool directory)>& add,
              std::vector<Looked>* looked) {
    // A symlink in the path becomes a piece, and the walk starts again with its target in place.
    constexpr int kMostLinks = 40;  // as many as the kernel follows, path_resolution(7)
    fs::path whole = path;
    for (int links = 0; links <= kMostLinks; ++links) {
        fs::path walked;
        bool is_directory = false;
        fs::path leads;
        for (auto part = whole.begin(); part != whole.end(); ++part) {
            walked /= *part;
            struct stat info {};
            if (looked != nullptr) looked->push_back(Looked::at(walked));
            if (::lstat(walked.c_str(), &info) != 0) {
                // A symlink without a target has become a piece all the same.
                if (errno == ENOENT && (if_present || links > 0)) return {};
                return sys::fail_errno(path.string());
            }
            is_directory = S_ISDIR(info.st_mode);
            if (!S_ISLNK(info.st_mode)) continue;
            std::error_code failed;
            const auto target = fs::read_symlink(walked, failed);
            if (failed) return fail(walked.string() + ": " + failed.message());
            pieces.push_back({.place = walked, .tree = {}, .link = target});
            leads = walked.parent_path() / target;
            while (++part != whole.end()) leads /= *part;
            break;
        }
        if (leads.empty()) return add(walked.native(), is_directory);
        whole = leads.lexically_normal();
        if (whole.native().starts_with("/proc/")) return {};
    }
    return fail(path.string() + ": too many symlinks");
}

Result<> add_late(const Piece& piece) {
    TRY(attach(piece));
    struct statvfs figures {};
    TRY(sys::check(::statvfs(piece.place.c_str(), &figures), piece.place.native()));
    unsigned long wanted = ST_NOSUID;
    if (!piece.writable) wanted |= ST_RDONLY;
    if (!piece.device) wanted |= ST_NODEV;
    if ((figures.f_flag & wanted) != wanted) {
        return sandbox::differs(piece.place.string() + " has other attributes");
    }
    return {};
}

Result<> enter(sys::Fd root, Pieces pieces) {
    // Parents are mounted before their children, because they would cover them otherwise.
    std::ranges::stable_sort(pieces, {}, &Piece::place);
    const auto process = TRY(TRY(sys::Dir::open("/proc/thread-self")).duplicate());
    ::umask(022);
    TRY(sys::check(::move_mount(root.get(), "", AT_FDCWD, kBase, MOVE_MOUNT_F_EMPTY_PATH), kBase));
    const sys::Fd host(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    TRY(sys::check(::chroot(kBase), "chroot"));
    for (auto& piece : pieces) {
        const auto done = add_piece(piece);
        if (!done && !piece.optional) return done;
        if (!done) piece.tree.reset();
        // A symlink in the new root may have led to another place; mountinfo shows the real path.
        std::error_code failed;
        const auto stands = piece.tree ? fs::canonical(piece.place, failed) : piece.place;
        if (!failed) piece.place = stands;
    }
    mount_attr attributes{};
    attributes.attr_set =
        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;
    TRY(sys::check(::mount_setattr(root.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes),
                   "root"));
    // pivot_root(2) requires that the caller's root directory is the old root.
    TRY(sys::check(::fchdir(host.get()), "chdir"));
    TRY(sys::check(::chroot("."), "chroot"));
    TRY(sys::check(::fchdir(root.get()), "chdir"));
    // pivot_root(".", ".") mounts the old root over the new one, where it is unmounted
    // (pivot_root(2), NOTES). It changes the root directory of every process of this mount
    // namespace.
    TRY(sys::check(::syscall(SYS_pivot_root, ".", "."), "pivot_root"));
    TRY(sys::check(::umount2(".", MNT_DETACH), "unmount the host"));
    TRY(sys::check(::chdir("/"), "chdir /"));
    return read_back(sys::Dir::from(TRY(process.duplicate())), pieces);
}

}  // namespace bulkhead::view
