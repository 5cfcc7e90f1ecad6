// A yard: a scratch directory in /var/tmp with what a stranger and root have left there. Whoever
// cleans up may list it and delete from it, and nothing that somebody would trust afterwards.
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <functional>

#include "common/sys/fd.hpp"
#include "tests/sandbox/tricks/trick.hpp"

namespace bulkhead::sandbox_test {

namespace {

constexpr uid_t kStranger = 4242;

std::string list(const std::string& path) {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return answer(-1);
    ::closedir(directory);
    return "ok";
}

std::string run(const std::string& program) {
    const auto said = output_of({program, "--euid"});
    return said == std::to_string(::geteuid()) ? "ok" : said;
}

// By a descriptor of the yard itself, which whoever may list it gets.
std::string on_directory(const std::string& yard, const std::function<int(int)>& act) {
    const sys::Fd directory(::open(yard.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return answer(-1);
    return answer(act(directory.get()));
}

int toggle_no_dump(int fd) {
    int flags = 0;
    if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0) return -1;
    flags ^= FS_NODUMP_FL;
    return ::ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

int set_project(int fd) {
    fsxattr attributes{};
    if (::ioctl(fd, FS_IOC_FSGETXATTR, &attributes) != 0) return -1;
    attributes.fsx_xflags ^= FS_XFLAG_NODUMP;
    return ::ioctl(fd, FS_IOC_FSSETXATTR, &attributes);
}

// As a package that somebody else will install was once replaced.
std::string replace(const std::string& file) {
    const auto other = file + ".new";
    if (const auto made = open_as(other, O_WRONLY | O_CREAT | O_EXCL); made != "ok") return made;
    return answer(::rename(other.c_str(), file.c_str()));
}

// As a directory that a daemon of root's comes back to.
std::string swap_for_symlink(const std::string& directory) {
    if (::rmdir(directory.c_str()) != 0) return answer(-1);
    return answer(::symlink("/etc", directory.c_str()));
}

}  // namespace

std::vector<Trick> yard_tricks() {
    // In inspect and diagnose /var/tmp is the job's own, so there is no yard.
    const auto in_yard = [](const std::string& name, const std::string& maintain,
                            std::function<std::string(const std::string& yard)> play,
                            const std::string& bare = "ok") {
        return Trick{.name = "yard-" + name,
                     .layer = "Landlock",
                     .answers = {.inspect = "ENOENT view",
                                 .diagnose = "ENOENT view",
                                 .maintain = maintain,
                                 .admin = bare,
                                 .bare = bare},
                     .play = [play = std::move(play)](const Place& place) {
                         return play(place.at("yard"));
                     }};
    };
    const std::string kNo = "EACCES";
    const std::string kNever = "EPERM seccomp";
    using Text = const std::string&;
    return {
        in_yard("list", "ok", [](Text yard) { return list(yard); }),
        in_yard("remove-file", "ok",
                [](Text yard) { return answer(::unlink((yard + "/removed").c_str())); }),
        in_yard("remove-roots-file", "ok",
                [](Text yard) { return answer(::unlink((yard + "/roots").c_str())); }),
        in_yard("remove-directory", "ok",
                [](Text yard) { return answer(::rmdir((yard + "/empty").c_str())); }),

        in_yard("read", kNo, [](Text yard) { return open_as(yard + "/kept", O_RDONLY); }),
        in_yard("write", kNo, [](Text yard) { return open_as(yard + "/kept", O_WRONLY); }),
        in_yard("append", kNo,
                [](Text yard) { return open_as(yard + "/kept", O_WRONLY | O_APPEND); }),
        in_yard("truncate", "EACCES|EPERM",
                [](Text yard) { return answer(::truncate((yard + "/kept").c_str(), 0)); }),
        in_yard("run", kNo, [](Text yard) { return run(yard + "/program"); }),
        in_yard("create", kNo,
                [](Text yard) { return open_as(yard + "/made", O_WRONLY | O_CREAT); }),
        in_yard("create-nameless", kNo,
                [](Text yard) { return open_as(yard, O_WRONLY | O_TMPFILE); }),
        in_yard("make-directory", "EACCES|EPERM",
                [](Text yard) { return answer(::mkdir((yard + "/directory").c_str(), 0700)); }),
        in_yard("make-symlink", "EACCES|EPERM",
                [](Text yard) { return answer(::symlink("/etc", (yard + "/symlink").c_str())); }),
        in_yard("make-fifo", "EACCES|EPERM",
                [](Text yard) { return answer(::mkfifo((yard + "/made-fifo").c_str(), 0600)); }),
        in_yard("make-node", "EACCES|EPERM",
                [](Text yard) {
                    return answer(::mknod((yard + "/made-node").c_str(), S_IFCHR | 0600, 0x103));
                }),
        in_yard("link", "EACCES|EPERM",
                [](Text yard) {
                    return answer(::link((yard + "/kept").c_str(), (yard + "/link").c_str()));
                }),
        in_yard("rename", "EACCES|EPERM",
                [](Text yard) {
                    return answer(::rename((yard + "/name").c_str(), (yard + "/named").c_str()));
                }),
        in_yard("exchange", "EACCES|EPERM",
                [](Text yard) {
                    return answer(::renameat2(AT_FDCWD, (yard + "/kept").c_str(), AT_FDCWD,
                                              (yard + "/other").c_str(), RENAME_EXCHANGE));
                }),
        in_yard("chmod", kNever,
                [](Text yard) { return answer(::chmod((yard + "/kept").c_str(), 0600)); }),
        in_yard("chown", kNever,
                [](Text yard) {
                    return answer(::chown((yard + "/kept").c_str(), kStranger, kStranger));
                }),
        in_yard("utimes", kNever,
                [](Text yard) {
                    return answer(::utimensat(AT_FDCWD, (yard + "/kept").c_str(), nullptr, 0));
                }),
        in_yard("setxattr", kNever,
                [](Text yard) {
                    return answer(::setxattr((yard + "/kept").c_str(), "user.x", "1", 1, 0));
                }),
        in_yard("chmod-directory", kNever,
                [](Text yard) {
                    return on_directory(yard, [](int fd) { return ::fchmod(fd, 0700); });
                }),
        in_yard("chown-directory", kNever,
                [](Text yard) {
                    return on_directory(yard,
                                        [](int fd) { return ::fchown(fd, kStranger, kStranger); });
                }),
        in_yard("utimes-directory", "ok",
                [](Text yard) {
                    return on_directory(yard, [](int fd) { return ::futimens(fd, nullptr); });
                }),
        in_yard("setxattr-directory", kNever,
                [](Text yard) {
                    return on_directory(
                        yard, [](int fd) { return ::fsetxattr(fd, "user.x", "1", 1, 0); });
                }),
        in_yard("flags-of-directory", kNever,
                [](Text yard) { return on_directory(yard, toggle_no_dump); }),
        in_yard("attributes-of-directory", "EPERM|ENOTTY seccomp",
                [](Text yard) { return on_directory(yard, set_project); }),
        in_yard("command-root-daemon", kNo,
                [](Text yard) { return open_as(yard + "/fifo", O_WRONLY | O_NONBLOCK); }),
        in_yard("swap-for-symlink", "EACCES|EPERM",
                [](Text yard) { return swap_for_symlink(yard + "/swapped"); }),
        // What the host has mounted there is no part of it, and stays: something empty covers it.
        in_yard("see-what-is-mounted", "ENOENT view",
                [](Text yard) {
                    struct stat seen {};
                    return answer(::stat((yard + "/mount/inside").c_str(), &seen));
                }),
        in_yard("remove-what-is-mounted", "EROFS|ENOENT view",
                [](Text yard) { return answer(::unlink((yard + "/mount/inside").c_str())); }),
        in_yard(
            "unmount-by-removing", "EBUSY view",
            [](Text yard) { return answer(::rmdir((yard + "/mount").c_str())); }, "EBUSY"),

        // A package cache is no yard: root installs from it.
        {.name = "replace-cached-package",
         .layer = "view",
         .answers = {.inspect = "EROFS",
                     .diagnose = "EROFS",
                     .maintain = "ENOENT",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place& place) { return replace(place.at("cache") + "/package.deb"); }},
        {.name = "swap-cache-for-symlink",
         .layer = "view",
         .answers = {.inspect = "EROFS",
                     .diagnose = "EROFS",
                     .maintain = "ENOENT",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) { return swap_for_symlink(place.at("cache") + "/swapped"); }},
    };
}

}  // namespace bulkhead::sandbox_test
