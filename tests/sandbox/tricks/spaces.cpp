// Other processes, other namespaces, the network: what a job sees of the rest of the host.
#include <arpa/inet.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
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

sockaddr_in loopback(const std::string& port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    return address;
}

std::string on_loopback(int type, const std::string& port,
                        int (*act)(int, const sockaddr*, socklen_t)) {
    const sys::Fd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    if (!socket) return answer(-1);
    const auto address = loopback(port);
    return answer(act(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

std::string connect_local(const sys::Fd& socket, const std::string& name, bool abstract) {
    if (!socket) return answer(-1);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + (abstract ? 1 : 0), name.data(), name.size());
    const auto size = offsetof(sockaddr_un, sun_path) + name.size() + 1;
    return answer(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address),
                            static_cast<socklen_t>(size)));
}

std::string connect_local(const std::string& name, bool abstract) {
    return connect_local(sys::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), name, abstract);
}

std::string make_pair_of(int type) {
    std::array<int, 2> ends{};  // the process ends with them
    return answer(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()));
}

// Without socket(2): an end of a pair of datagram sockets takes any other peer.
std::string connect_end_of_pair(int type, const std::string& name) {
    std::array<int, 2> ends{-1, -1};
    if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) return answer(-1);
    return connect_local(sys::Fd(ends[0]), name, false);
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
        {.name = "connect-tcp",
         .layer = "namespaces",
         .answers = {.inspect = "ENETUNREACH",
                     .diagnose = "ok",
                     .maintain = "ENETUNREACH",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) {
                 return on_loopback(SOCK_STREAM, place.at("port"), ::connect);
             }},
        {.name = "connect-udp",
         .layer = "namespaces",
         .answers = {.inspect = "ENETUNREACH",
                     .diagnose = "ok",
                     .maintain = "ENETUNREACH",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) {
                 return on_loopback(SOCK_DGRAM, place.at("port"), ::connect);
             }},
        // In a network of its own nobody else has taken it.
        {.name = "bind-taken-port",
         .layer = "namespaces",
         .answers = {.inspect = "ok",
                     .diagnose = "EADDRINUSE",
                     .maintain = "ok",
                     .admin = "EADDRINUSE",
                     .bare = "EADDRINUSE"},
         .play =
             [](const Place& place) { return on_loopback(SOCK_STREAM, place.at("port"), ::bind); }},
        {.name = "connect-abstract-socket",
         .layer = "namespaces",
         .answers = {.inspect = "EAFNOSUPPORT seccomp",
                     .diagnose = "EPERM@6|ok Landlock",
                     .maintain = "EAFNOSUPPORT seccomp",
                     .admin = "ok",
                     .bare = "ok"},
         .play = [](const Place& place) { return connect_local(place.at("abstract"), true); }},
        {.name = "connect-open-socket",
         .layer = "seccomp",
         .answers = {.inspect = "EAFNOSUPPORT",
                     .diagnose = "ok",
                     .maintain = "EAFNOSUPPORT",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) { return connect_local(place.at("root") + "/socket", false); }},
        {.name = "connect-datagram-pair",
         .layer = "seccomp",
         .answers = {.inspect = "EPERM",
                     .diagnose = "ok",
                     .maintain = "EPERM",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) {
                 return connect_end_of_pair(SOCK_DGRAM, place.at("root") + "/datagrams");
             }},
        // To a local socket a raw one is a datagram one.
        {.name = "connect-raw-pair",
         .layer = "seccomp",
         .answers = {.inspect = "EPERM",
                     .diagnose = "ok",
                     .maintain = "EPERM",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) {
                 return connect_end_of_pair(SOCK_RAW, place.at("root") + "/datagrams");
             }},
        // These keep the peer they were made with, and programs talk to their children by them.
        {.name = "make-stream-pair",
         .layer = "seccomp",
         .answers = everywhere("ok"),
         .play = [](const Place&) { return make_pair_of(SOCK_STREAM); }},
        {.name = "make-packet-pair",
         .layer = "seccomp",
         .answers = everywhere("ok"),
         .play = [](const Place&) { return make_pair_of(SOCK_SEQPACKET); }},
        {.name = "connect-status-socket",
         .layer = "uid",
         .answers = {.inspect = "EAFNOSUPPORT seccomp",
                     .diagnose = "EACCES uid",
                     .maintain = "EAFNOSUPPORT seccomp",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) {
                 return connect_local(place.at("root") + "/run/status/bulkhead.sock", false);
             }},
    };
}

}  // namespace bulkhead::sandbox_test
