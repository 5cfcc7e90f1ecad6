// What of the host's files a job can read, change, run and command.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "common/sys/fd.hpp"
#include "tests/sandbox/tricks/trick.hpp"

namespace bulkhead::sandbox_test {

namespace {

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

    };
}

}  // namespace bulkhead::sandbox_test
