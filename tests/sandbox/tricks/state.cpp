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
        {"descriptors",
         "start",
         {"0 1 2", "0 1 2", "0 1 2", "0 1 2", "*"},
         [](const Place& place) { return place.at("descriptors"); }},
        {"environment",
         "start",
         {kEnvironment, kEnvironment, kEnvironment, kEnvironmentOfRoot, "*"},
         [](const Place&) { return names_of_environment(); }},
        {"directory",
         "start",
         {"/", "/", "/", "/", "*"},
         [](const Place&) { return std::filesystem::current_path().string(); }},
        {"umask",
         "start",
         {"077", "077", "077", "022", "*"},
         [](const Place&) {
             const auto mask = ::umask(0);
             return "0" + std::to_string(mask / 8) + std::to_string(mask % 8);
         }},
        {"niceness",
         "start",
         {"10", "10", "10", "5", "*"},
         [](const Place&) { return std::to_string(::getpriority(PRIO_PROCESS, 0)); }},
        {"core-dump-limit",
         "rlimits",
         {"1", "1", "1", "1", "*"},
         [](const Place&) { return limit(RLIMIT_CORE); }},
        {"file-size-limit",
         "rlimits",
         {"67108864", "67108864", "67108864", "17179869184", "*"},
         [](const Place&) { return limit(RLIMIT_FSIZE); }},
        {"open-files-limit",
         "rlimits",
         {"256", "1024", "1024", "4096", "*"},
         [](const Place&) { return limit(RLIMIT_NOFILE); }},
        {"grow-file-past-64MiB",
         "rlimits",
         {"SIGXFSZ", "SIGXFSZ", "EBADF", "ok", "ok"},
         [](const Place&) { return grow_file(); }},
        {"open-300-descriptors",
         "rlimits",
         {"EMFILE", "ok", "ok", "ok", "ok"},
         [](const Place&) { return open_300_descriptors(); }},
    };
}

}  // namespace bulkhead::sandbox_test
