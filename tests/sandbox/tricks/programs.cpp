// What a job can run, and which devices it can make, open and command.
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

std::vector<Trick> program_tricks() {
    return {
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
        {.name = "open-device-node",
         .layer = "view",
         .answers = only_admin("EACCES"),
         .play = [](const Place& place) { return open_as(place.at("node"), O_RDONLY); }},
        {.name = "write-dev-null",
         .layer = "view",
         .answers = everywhere("ok"),
         .play = [](const Place&) { return open_as("/dev/null", O_WRONLY); }},
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
