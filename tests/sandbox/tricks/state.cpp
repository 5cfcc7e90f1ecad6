// What a job is born with: descriptors, environment, limits, directory.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "common/sys/fd.hpp"
#include "tests/sandbox/tricks/trick.hpp"

extern char** environ;

namespace bulkhead::sandbox_test {

namespace {

constexpr const char* kEnvironment =
    "BULKHEAD_JOB_ID HOME LANG LOGNAME PATH PWD SHELL TERM TMPDIR USER";

// Only root's job may ask for a restart of the host.
constexpr const char* kEnvironmentOfRoot =
    "BULKHEAD_JOB_ID BULKHEAD_REBOOT_MARK HOME LANG LOGNAME PATH PWD SHELL TERM TMPDIR USER";

std::string names_of_environment() {
    std::vector<std::string> names;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        names.emplace_back(*entry, std::strcspn(*entry, "="));
    }
    std::sort(names.begin(), names.end());
    std::string all;
    for (const auto& name : names) all += (all.empty() ? "" : " ") + name;
    return all;
}

std::string limit(__rlimit_resource resource) {
    rlimit both{};
    ::getrlimit(resource, &both);
    return both.rlim_max == RLIM_INFINITY ? "none" : std::to_string(both.rlim_max);
}

// More by one byte than a file of profile inspect may have; sparse.
std::string grow_file() {
    std::string path = "/tmp/bulkhead-trick-XXXXXX";
    const sys::Fd file(::mkostemp(path.data(), O_CLOEXEC));
    ::unlink(path.c_str());
    return answer(::ftruncate(file.get(), (64L << 20) + 1));
}

std::string open_300_descriptors() {
    for (int count = 0; count < 300; ++count) {
        if (::open("/dev/null", O_RDONLY) < 0) return answer(-1);  // the process ends with them
    }
    return "ok";
}

}  // namespace

std::vector<Trick> state_tricks() {
    return {
        {.name = "descriptors",
         .layer = "start",
         .answers = {.inspect = "0 1 2",
                     .diagnose = "0 1 2",
                     .maintain = "0 1 2",
                     .admin = "0 1 2",
                     .bare = "*"},
         .play = [](const Place& place) { return place.at("descriptors"); }},
        {.name = "environment",
         .layer = "start",
         .answers = {.inspect = kEnvironment,
                     .diagnose = kEnvironment,
                     .maintain = kEnvironment,
                     .admin = kEnvironmentOfRoot,
                     .bare = "*"},
         .play = [](const Place&) { return names_of_environment(); }},
        {.name = "directory",
         .layer = "start",
         .answers = {.inspect = "/", .diagnose = "/", .maintain = "/", .admin = "/", .bare = "*"},
         .play = [](const Place&) { return std::filesystem::current_path().string(); }},
        {.name = "umask",
         .layer = "start",
         .answers =
             {.inspect = "077", .diagnose = "077", .maintain = "077", .admin = "022", .bare = "*"},
         .play =
             [](const Place&) {
                 const auto mask = ::umask(0);
                 return "0" + std::to_string(mask / 8) + std::to_string(mask % 8);
             }},
        {.name = "niceness",
         .layer = "start",
         .answers =
             {.inspect = "10", .diagnose = "10", .maintain = "10", .admin = "5", .bare = "*"},
         .play = [](const Place&) { return std::to_string(::getpriority(PRIO_PROCESS, 0)); }},
        {.name = "core-dump-limit",
         .layer = "rlimits",
         .answers = {.inspect = "1", .diagnose = "1", .maintain = "1", .admin = "1", .bare = "*"},
         .play = [](const Place&) { return limit(RLIMIT_CORE); }},
        {.name = "file-size-limit",
         .layer = "rlimits",
         .answers = {.inspect = "67108864",
                     .diagnose = "67108864",
                     .maintain = "67108864",
                     .admin = "17179869184",
                     .bare = "*"},
         .play = [](const Place&) { return limit(RLIMIT_FSIZE); }},
        {.name = "open-files-limit",
         .layer = "rlimits",
         .answers = {.inspect = "256",
                     .diagnose = "1024",
                     .maintain = "1024",
                     .admin = "4096",
                     .bare = "*"},
         .play = [](const Place&) { return limit(RLIMIT_NOFILE); }},
        {.name = "grow-file-past-64MiB",
         .layer = "rlimits",
         .answers = {.inspect = "SIGXFSZ",
                     .diagnose = "SIGXFSZ",
                     .maintain = "EBADF",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place&) { return grow_file(); }},
        {.name = "open-300-descriptors",
         .layer = "rlimits",
         .answers =
             {.inspect = "EMFILE", .diagnose = "ok", .maintain = "ok", .admin = "ok", .bare = "ok"},
         .play = [](const Place&) { return open_300_descriptors(); }},
    };
}

}  // namespace bulkhead::sandbox_test
