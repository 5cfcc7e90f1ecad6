// What of the host's files a job can read, change, run and command.
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "common/sys/fd.hpp"
#include "tests/sandbox/tricks/trick.hpp"

namespace bulkhead::sandbox_test {

namespace {

std::string open_as(const std::string& path, int flags) {
    return answer(sys::Fd(::open(path.c_str(), flags | O_CLOEXEC, 0600)).get());
}

std::string list(const char* path) {
    DIR* directory = ::opendir(path);
    if (directory == nullptr) return answer(-1);
    ::closedir(directory);
    return "ok";
}

std::string make_in(const std::string& directory) {
    const auto path = directory + "/bulkhead-trick";
    const auto said = open_as(path, O_WRONLY | O_CREAT | O_EXCL);
    if (said == "ok") ::unlink(path.c_str());
    return said;
}

// A program that the job itself has written.
std::string run_own_program(const Place& place) {
    std::string directory = "/tmp/bulkhead-trick-XXXXXX";
    if (::mkdtemp(directory.data()) == nullptr) return answer(-1);
    std::error_code failed;
    std::filesystem::copy_file(place.at("program"), directory + "/own", failed);
    ::chmod((directory + "/own").c_str(), 0755);
    const auto said = output_of({directory + "/own", "--euid"});
    std::filesystem::remove_all(directory, failed);
    return said == std::to_string(::geteuid()) ? "ok" : said;
}

std::string make_node(const char* path, mode_t kind) {
    const auto said = answer(::mknod(path, kind | 0600, (1U << 8) | 3));
    ::unlink(path);
    return said;
}

// The same, read by the loader instead of the kernel.
std::string run_by_loader(const Place& place) {
    std::string directory = "/tmp/bulkhead-trick-XXXXXX";
    if (::mkdtemp(directory.data()) == nullptr) return answer(-1);
    std::error_code failed;
    std::filesystem::copy_file(place.at("program"), directory + "/own", failed);
    const auto said = output_of({"/lib64/ld-linux-x86-64.so.2", directory + "/own", "--euid"});
    std::filesystem::remove_all(directory, failed);
    return said == std::to_string(::geteuid()) ? "ok" : "refused";
}

// More than a private /tmp holds, in files of a size that is allowed.
std::string fill_tmp() {
    for (int count = 0; count < 6; ++count) {
        std::string path = "/tmp/bulkhead-trick-XXXXXX";
        const int file = ::mkostemp(path.data(), O_CLOEXEC);  // the process ends with them
        if (file < 0) return answer(-1);
        ::unlink(path.c_str());
        if (::fallocate(file, 0, 0, 60L << 20) != 0) return answer(-1);
    }
    return "ok";
}

// A command that no device knows: ENOTTY says that the device was asked.
std::string command_device() {
    const sys::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) return answer(-1);
    return answer(::ioctl(null.get(), 0x1234));
}

}  // namespace

std::vector<Trick> file_tricks() {
    const auto open_trick = [](const std::string& name, const std::string& layer, Answers answers,
                               const std::string& key, const std::string& below, int flags) {
        return Trick{.name = name,
                     .layer = layer,
                     .answers = std::move(answers),
                     .play = [key, below, flags](const Place& place) {
                         return open_as((key.empty() ? "" : place.at(key)) + below, flags);
                     }};
    };
    return {
        // Reading
        open_trick("read-etc-passwd", "Landlock", everywhere("ok"), "", "/etc/passwd", O_RDONLY),
        open_trick("read-etc-shadow", "Landlock",
                   {.inspect = "EACCES uid",
                    .diagnose = "EACCES uid",
                    .maintain = "ENOENT view",
                    .admin = "ok",
                    .bare = "ok"},
                   "", "/etc/shadow", O_RDONLY),
        open_trick("read-etc-hostname", "Landlock",
                   {.inspect = "ok",
                    .diagnose = "ok",
                    .maintain = "ENOENT view",
                    .admin = "ok",
                    .bare = "ok"},
                   "", "/etc/hostname", O_RDONLY),
        open_trick("read-in-run", "Landlock",
                   {.inspect = "ok",
                    .diagnose = "ok",
                    .maintain = "ENOENT view",
                    .admin = "ok",
                    .bare = "ok"},
                   "root", "/open", O_RDONLY),
        {.name = "list-home",
         .layer = "Landlock",
         .answers = only_admin("ENOENT view"),
         .play = [](const Place&) { return list("/home"); }},
        {.name = "list-root-directory",
         .layer = "Landlock",
         .answers = everywhere("ok"),
         .play = [](const Place&) { return list("/"); }},
        open_trick("read-disk", "Landlock", only_admin("ENOENT view"), "disk", "", O_RDONLY),
        open_trick("read-ledger", "Landlock",
                   {.inspect = "EACCES uid",
                    .diagnose = "EACCES uid",
                    .maintain = "ENOENT view",
                    .admin = "ok",
                    .bare = "ok"},
                   "root", "/state/broker", O_RDONLY | O_DIRECTORY),
        open_trick("read-audit-log", "Landlock",
                   {.inspect = "EACCES uid",
                    .diagnose = "EACCES uid",
                    .maintain = "ENOENT view",
                    .admin = "ok",
                    .bare = "ok"},
                   "root", "/log/audit.log", O_RDONLY),
        open_trick("read-credential", "Landlock",
                   {.inspect = "EACCES uid",
                    .diagnose = "EACCES uid",
                    .maintain = "ENOENT view",
                    .admin = "ok",
                    .bare = "ok"},
                   "root", "/state/workers/bulkhead", O_RDONLY | O_DIRECTORY),

        // Changing. `open` is a file that everybody may change, were it not for the walls.
        open_trick("write-open-file", "view",
                   {.inspect = "EROFS",
                    .diagnose = "EROFS",
                    .maintain = "ENOENT",
                    .admin = "ok",
                    .bare = "ok"},
                   "root", "/open", O_WRONLY),
        {.name = "truncate-open-file",
         .layer = "view",
         .answers = {.inspect = "EROFS",
                     .diagnose = "EROFS",
                     .maintain = "EPERM seccomp",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) {
                 return answer(::truncate((place.at("root") + "/open").c_str(), 0));
             }},
        // Opened for neither reading nor writing, for which Landlock asks no right (see open(2)).
        open_trick(
            "open-for-neither", "seccomp",
            {.inspect = "ok", .diagnose = "ok", .maintain = "EPERM", .admin = "ok", .bare = "ok"},
            "root", "/open", O_ACCMODE),
        {.name = "make-in-etc",
         .layer = "view",
         .answers = only_admin("EROFS"),
         .play = [](const Place&) { return make_in("/etc"); }},
        {.name = "make-in-usr",
         .layer = "view",
         .answers = only_admin("EROFS"),
         .play = [](const Place&) { return make_in("/usr"); }},
        {.name = "make-in-policy",
         .layer = "view",
         .answers = {.inspect = "EROFS",
                     .diagnose = "EROFS",
                     .maintain = "ENOENT",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place& place) { return make_in(place.at("root") + "/policy"); }},
        {.name = "make-in-ledger",
         .layer = "view",
         .answers = {.inspect = "EACCES uid",
                     .diagnose = "EACCES uid",
                     .maintain = "ENOENT",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place& place) { return make_in(place.at("root") + "/state/broker"); }},
        open_trick("append-to-audit-log", "view",
                   {.inspect = "EACCES uid",
                    .diagnose = "EACCES uid",
                    .maintain = "ENOENT",
                    .admin = "ok",
                    .bare = "ok"},
                   "root", "/log/audit.log", O_WRONLY | O_APPEND),
        {.name = "make-in-var-cache",
         .layer = "view",
         .answers = {.inspect = "EROFS",
                     .diagnose = "EROFS",
                     .maintain = "ENOENT",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place&) { return make_in("/var/cache"); }},
        {.name = "make-in-tmp",
         .layer = "view",
         .answers =
             {.inspect = "ok", .diagnose = "ok", .maintain = "EACCES", .admin = "ok", .bare = "ok"},
         .play = [](const Place&) { return make_in("/tmp"); }},
        open_trick("see-hosts-tmp", "view",
                   {.inspect = "ENOENT",
                    .diagnose = "ENOENT",
                    .maintain = "EACCES",
                    .admin = "ok",
                    .bare = "ok"},
                   "tmp", "", O_RDONLY),
        // Of all in /proc that CAP_DAC_OVERRIDE would open: what interrupts whom.
        open_trick("write-to-proc", "view",
                   {.inspect = "EACCES uid",
                    .diagnose = "EACCES uid",
                    .maintain = "EACCES Landlock",
                    .admin = "ok",
                    .bare = "ok"},
                   "", "/proc/irq/default_smp_affinity", O_WRONLY),
        // Real root can, and then outlives its job: see SECURITY.md on profile admin.
        {.name = "leave-its-cgroup",
         .layer = "view",
         .answers = {.inspect = "EACCES uid",
                     .diagnose = "EACCES uid",
                     .maintain = "ENOENT",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) {
                 const sys::Fd procs(
                     ::open((place.at("cgroup") + "/cgroup.procs").c_str(), O_WRONLY));
                 return procs ? answer(::write(procs.get(), "0", 1)) : answer(-1);
             }},

        // Running, and devices
        {.name = "run-by-loader",
         .layer = "view",
         .answers = {.inspect = "refused",
                     .diagnose = "refused",
                     .maintain = "EACCES Landlock",
                     .admin = "ok",
                     .bare = "ok"},
         .play = run_by_loader},
        {.name = "fill-tmp",
         .layer = "view",
         .answers = {.inspect = "ENOSPC",
                     .diagnose = "ENOSPC",
                     .maintain = "EACCES Landlock",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place&) { return fill_tmp(); }},
        open_trick("open-device-node", "view", only_admin("EACCES"), "node", "", O_RDONLY),
        open_trick("write-dev-null", "view", everywhere("ok"), "", "/dev/null", O_WRONLY),
        {.name = "chmod-dev-null",
         .layer = "view",
         .answers = {.inspect = "EROFS",
                     .diagnose = "EROFS",
                     .maintain = "EPERM seccomp",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place&) { return answer(::chmod("/dev/null", 0666)); }},
        {.name = "chmod-tmp",
         .layer = "view",
         .answers = {.inspect = "EPERM uid",
                     .diagnose = "EPERM uid",
                     .maintain = "EPERM seccomp",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place&) { return answer(::chmod("/tmp", 01777)); }},
        {.name = "run-own-program",
         .layer = "Landlock",
         .answers = only_admin("EACCES"),
         .play = run_own_program},
        {.name = "make-node",
         .layer = "Landlock",
         .answers = {.inspect = "EACCES",
                     .diagnose = "EACCES",
                     .maintain = "EPERM seccomp",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place&) { return make_node("/tmp/bulkhead-trick-node", S_IFCHR); }},
        {.name = "make-fifo",
         .layer = "Landlock",
         .answers =
             {.inspect = "ok", .diagnose = "ok", .maintain = "EACCES", .admin = "ok", .bare = "ok"},
         .play = [](const Place&) { return make_node("/tmp/bulkhead-trick-fifo", S_IFIFO); }},
        {.name = "command-device",
         .layer = "Landlock",
         .answers = {.inspect = "EACCES@5|ENOTTY",
                     .diagnose = "EACCES@5|ENOTTY",
                     .maintain = "ENOTTY seccomp",
                     .admin = "ENOTTY",
                     .bare = "ENOTTY"},
         .play = [](const Place&) { return command_device(); }},
    };
}

}  // namespace bulkhead::sandbox_test
