// Other processes and other namespaces: what a job sees of the rest of the host.
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

#include "common/sys/fd.hpp"
#include "tests/sandbox/tricks/trick.hpp"

namespace bulkhead::sandbox_test {

namespace {

std::string number_of(const Place& place, const char* key) { return place.at(key); }

std::string open_of(const std::string& pid, const std::string& file, int flags = O_RDONLY) {
    return answer(sys::Fd(::open(("/proc/" + pid + "/" + file).c_str(), flags | O_CLOEXEC)).get());
}

// "own" or "host"
std::string space(const Place& place, const std::string& kind) {
    std::error_code failed;
    const auto link = std::filesystem::read_symlink("/proc/self/ns/" + kind, failed).string();
    if (failed) return failed.message();
    return link == place.at("ns-" + kind) ? "host" : "own";
}

std::string open_message_queue(const std::string& name) {
    const mqd_t queue = ::mq_open(name.c_str(), O_RDONLY);
    return answer(queue);
}

std::string interfaces() {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/sys/net/ipv4/conf")) {
        const auto name = entry.path().filename().string();
        if (name != "all" && name != "default") all += (all.empty() ? "" : " ") + name;
    }
    return all;
}

}  // namespace

std::vector<Trick> space_tricks() {
    const auto space_trick = [](const std::string& kind, Answers answers) {
        return Trick{.name = "namespace-" + kind,
                     .layer = "namespaces",
                     .answers = std::move(answers),
                     .play = [kind](const Place& place) { return space(place, kind); }};
    };
    return {
        space_trick("mnt", {.inspect = "own",
                            .diagnose = "own",
                            .maintain = "own",
                            .admin = "host",
                            .bare = "host"}),
        space_trick("net", {.inspect = "own",
                            .diagnose = "host",
                            .maintain = "own",
                            .admin = "host",
                            .bare = "host"}),
        space_trick("ipc", {.inspect = "own",
                            .diagnose = "own",
                            .maintain = "own",
                            .admin = "host",
                            .bare = "host"}),
        space_trick("uts", {.inspect = "own",
                            .diagnose = "own",
                            .maintain = "own",
                            .admin = "host",
                            .bare = "host"}),
        space_trick("pid", {.inspect = "own",
                            .diagnose = "host",
                            .maintain = "own",
                            .admin = "host",
                            .bare = "host"}),

        {.name = "see-broker",
         .layer = "namespaces",
         .answers = {.inspect = "ENOENT",
                     .diagnose = "ok",
                     .maintain = "ENOENT",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place& place) { return open_of(number_of(place, "broker"), "comm"); }},
        {.name = "signal-broker",
         .layer = "namespaces",
         .answers = {.inspect = "ESRCH",
                     .diagnose = "EPERM uid",
                     .maintain = "ESRCH",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) { return answer(::kill(std::stoi(place.at("broker")), 0)); }},
        {.name = "signal-worker",
         .layer = "namespaces",
         .answers = {.inspect = "ESRCH",
                     .diagnose = "EPERM uid",
                     .maintain = "ESRCH",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) { return answer(::kill(std::stoi(place.at("worker")), 0)); }},
        {.name = "pidfd-of-broker",
         .layer = "namespaces",
         .answers = {.inspect = "ESRCH",
                     .diagnose = "ok",
                     .maintain = "ESRCH",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) {
                 return answer(::syscall(SYS_pidfd_open, std::stoi(place.at("broker")), 0));
             }},
        {.name = "read-brokers-memory",
         .layer = "namespaces",
         .answers = {.inspect = "ENOENT",
                     .diagnose = "EACCES",
                     .maintain = "ENOENT",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place& place) { return open_of(place.at("broker"), "mem"); }},
        {.name = "write-brokers-memory",
         .layer = "namespaces",
         .answers = {.inspect = "ENOENT",
                     .diagnose = "EACCES",
                     .maintain = "ENOENT",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place& place) { return open_of(place.at("broker"), "mem", O_WRONLY); }},
        {.name = "read-brokers-environment",
         .layer = "namespaces",
         .answers = {.inspect = "ENOENT",
                     .diagnose = "EACCES",
                     .maintain = "ENOENT",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place& place) { return open_of(place.at("broker"), "environ"); }},
        {.name = "read-workers-memory",
         .layer = "namespaces",
         .answers = {.inspect = "ENOENT",
                     .diagnose = "EACCES",
                     .maintain = "ENOENT",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place& place) { return open_of(place.at("worker"), "mem"); }},
        {.name = "open-brokers-script",
         .layer = "namespaces",
         .answers = {.inspect = "ENOENT",
                     .diagnose = "EACCES",
                     .maintain = "ENOENT",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place& place) { return open_of(place.at("broker"), "fd/2"); }},
        // Of a namespace of its own; of the host for admin.
        {.name = "kill-init",
         .layer = "namespaces",
         .answers = {.inspect = "EPERM@6|ok Landlock",
                     .diagnose = "EPERM uid",
                     .maintain = "EPERM@6|ok Landlock",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place&) { return answer(::kill(1, 0)); }},

        {.name = "shared-memory",
         .layer = "namespaces",
         .answers = only_admin("ENOENT"),
         .play =
             [](const Place& place) { return answer(::shmget(std::stoi(place.at("shm")), 1, 0)); }},
        {.name = "message-queue",
         .layer = "namespaces",
         .answers = only_admin("ENOENT"),
         .play = [](const Place& place) { return open_message_queue(place.at("queue")); }},

        {.name = "interfaces",
         .layer = "namespaces",
         .answers = {.inspect = "lo", .diagnose = "*", .maintain = "lo", .admin = "*", .bare = "*"},
         .play = [](const Place&) { return interfaces(); }},
    };
}

}  // namespace bulkhead::sandbox_test
